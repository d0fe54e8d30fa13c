-- Writes a new sale; its id is set from the number that it gets.
INSERT INTO sales (
  id, product_id, name, price_minor_units, currency, starts_at, ends_at, per_buyer_limit,
  rate_per_second, rate_burst, payment_window_seconds, buckets, strategy, board_score, state,
  version, created_at, fallback, adaptive
)
VALUES (
  's' || (coalesce((SELECT max(number) FROM sales), 0) + 1),
  $productId, $name, $priceMinorUnits, $currency, $startsAt, $endsAt, $perBuyerLimit,
  $ratePerSecond, $rateBurst, $paymentWindowSeconds, $buckets, $strategy, $boardScore, 'scheduled',
  1, $createdAt, $fallback, $adaptive
)
RETURNING id
