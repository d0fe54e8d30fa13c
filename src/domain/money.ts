/** Money as clients write it: a decimal amount with two digits and an ISO 4217 currency code. */
import { err, ok, type Result } from "../lib/result.ts";
import { limits } from "./limits.ts";

export interface Money {
  /** Hundredths of the currency's unit, a safe integer. */
  readonly minorUnits: number;
  /** Three capital letters. */
  readonly currency: string;
}

export interface MoneyText {
  readonly amount: string;
  readonly currency: string;
}

export function parseMoney(text: MoneyText): Result<Money, string> {
  const match = /^(0|[1-9]\d{0,9})\.(\d{2})$/.exec(text.amount);
  if (match === null) return err('amount must look like "199.00"');
  if (!/^[A-Z]{3}$/.test(text.currency)) return err('currency must look like "CNY"');
  const minorUnits = Number(match[1]) * 100 + Number(match[2]);
  if (minorUnits > limits.priceMaxMinorUnits) return err("amount is too large");
  return ok({ minorUnits, currency: text.currency });
}

export function formatMoney(money: Money): MoneyText {
  const whole = Math.floor(money.minorUnits / 100);
  const cents = String(money.minorUnits % 100).padStart(2, "0");
  return { amount: `${whole}.${cents}`, currency: money.currency };
}
