/** Who may ask how often: limits that are no sale's own, and lists of those who may not come at all
 * (deny) or whom no limit of their own holds back (allow). */
import {
  formatNetwork,
  type IpAddress,
  type IpNetwork,
  masked,
  networkSet,
  parseNetwork,
} from "../lib/ip-network.ts";
import { type BuyerId, type Instant, parseBuyerId } from "./ids.ts";
import type { Policy } from "./rate-limit.ts";
import type { RateLimit } from "./sale.ts";

/** Null: no limit. */
export type AdmissionLimits = Readonly<Record<Exclude<Policy, "sale">, RateLimit | null>>;

export const accessLists = ["deny", "allow"] as const;
export type AccessList = (typeof accessLists)[number];
export const accessKinds = ["buyers", "networks"] as const;
export type AccessKind = (typeof accessKinds)[number];

/** Who is on a list: `value` is a buyer's id, or a network in its shortest form. */
export interface AccessName {
  readonly list: AccessList;
  readonly kind: AccessKind;
  readonly value: string;
}

export interface AccessEntry extends AccessName {
  /** For the next operator. */
  readonly note: string | null;
  readonly createdAt: Instant;
}

export interface AdmissionSettings {
  readonly limits: AdmissionLimits;
  readonly access: readonly AccessEntry[];
  /** Grows with every change. */
  readonly version: number;
}

export const noSettings: AdmissionSettings = {
  limits: { ip: null, buyer: null, global: null },
  access: [],
  version: 0,
};

/** The settings as they are asked, many times a second. */
export interface AdmissionRules {
  readonly limits: AdmissionLimits;
  readonly version: number;
  /** Whether anything depends on the address that a request came from. */
  readonly readsAddress: boolean;
  /** An entry of the allow list outweighs those of the deny list: it is the exception. */
  ofAddress(address: IpAddress): AccessList | null;
  ofBuyer(buyerId: BuyerId): AccessList | null;
}

export function rulesOf({ limits, access, version }: AdmissionSettings): AdmissionRules {
  const networks = {
    deny: networkSet(networksOf(access, "deny")),
    allow: networkSet(networksOf(access, "allow")),
  };
  const buyers = new Map(
    accessLists.flatMap((list) => named(access, list, "buyers").map((value) => [value, list])),
  );
  const anyNetwork = access.some(({ kind }) => kind === "networks");
  return {
    limits,
    version,
    readsAddress: limits.ip !== null || anyNetwork,
    ofAddress: (address) =>
      !anyNetwork
        ? null
        : networks.allow(address)
          ? "allow"
          : networks.deny(address)
            ? "deny"
            : null,
    ofBuyer: (buyerId) => buyers.get(buyerId) ?? null,
  };
}

/** What an address is limited as: one of version 6 as its network of 64 bits, since whoever has one
 * address has all of these. */
export function addressKey(address: IpAddress): string {
  if (address.length === 2) return formatNetwork({ address, bits: 32 });
  return formatNetwork({ address: masked(address, 64), bits: 64 });
}

/** The value as it is stored, or null if it is none of its kind. */
export function accessValue(kind: AccessKind, text: string): string | null {
  if (kind === "buyers") return parseBuyerId(text);
  const network = parseNetwork(text);
  return network && formatNetwork(network);
}

function named(access: readonly AccessEntry[], list: AccessList, kind: AccessKind) {
  return access
    .filter((entry) => entry.list === list && entry.kind === kind)
    .map(({ value }) => value as BuyerId);
}

function networksOf(access: readonly AccessEntry[], list: AccessList): IpNetwork[] {
  return named(access, list, "networks").flatMap((value) => parseNetwork(value) ?? []);
}
