-- Replaces a sale's terms and state if nobody else has since it was read.
UPDATE sales SET
  name = $name, price_minor_units = $priceMinorUnits, currency = $currency,
  starts_at = $startsAt, ends_at = $endsAt, rate_per_second = $ratePerSecond,
  rate_burst = $rateBurst, adaptive = $adaptive,
  payment_window_seconds = $paymentWindowSeconds,
  board_score = $boardScore, state = $state, version = $version,
  updated_at = CAST(unixepoch('subsec') * 1000 AS INTEGER)
WHERE id = $id AND version = $version - 1
