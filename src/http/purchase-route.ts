/** POST /v1/sales/{id}/orders, the path that everything else is built around. What costs least
 *  is asked first: whether the address or the sale is known to be over its rate, then who asks,
 *  then what for; only then are tokens of the rates spent and stock taken. */
import { type BuyerId, parseSaleId, type SaleId } from "../domain/ids.ts";
import { fingerprintOf } from "../domain/request-key.ts";
import type { Sale } from "../domain/sale.ts";
import type { Result } from "../lib/result.ts";
import {
  admitBuyer,
  admitVisitor,
  type NotAllowed,
  refusedAtOnce,
  type Visitor,
  visitorFrom,
} from "../usecases/admit.ts";
import {
  type PurchaseCommand,
  type PurchasedOrder,
  type PurchaseError,
  purchase,
} from "../usecases/purchase.ts";
import { apiHeaders } from "./api-headers.ts";
import type { AppDeps } from "./app-deps.ts";
import { authenticator, type Identified } from "./auth.ts";
import { clientAddressReader, type Peer } from "./client-address.ts";
import { refusal } from "./error-mapping.ts";
import type { SaleHandler } from "./hot-route.ts";
import { inTime } from "./in-time.ts";
import { isoTimeOfMoment } from "./iso-time.ts";
import { readText } from "./json-body.ts";
import { noSuchSale } from "./no-such-sale.ts";
import { notAllowedAnswers } from "./not-allowed.ts";
import { type PurchaseRequest, parsePurchase } from "./purchase-request.ts";
import { forbidden } from "./token-answers.ts";

export function purchaseHandler(deps: AppDeps): SaleHandler {
  const door = doorOf(deps);
  const authenticate = authenticator(deps);

  return (request, saleIdText, peer) => {
    const saleId = parseSaleId(saleIdText);
    const known = saleId === null ? undefined : deps.directory.peek(saleId);
    const visitor = door.visitor(request, peer);
    const refused = refusedAtOnce(deps, visitor, known);
    if (refused !== null || visitor === null) return door.answer(refused ?? { kind: "denied" });
    const visiting = admitVisitor(deps, visitor);
    if (visiting === null) return admitted(request, known ?? saleId);
    return Promise.resolve(visiting).then((turnedAway) =>
      turnedAway === null ? admitted(request, known ?? saleId) : door.answer(turnedAway),
    );
  };

  function identified(
    request: Request,
    wanted: Sale | SaleId | null,
    identity: Identified,
  ): Response | Promise<Response> {
    if (!identity.ok) return identity.error;
    if (!identity.value.buy) return forbidden("buy");
    return buy(deps, door, request, wanted, identity.value.buyerId);
  }

  function admitted(request: Request, wanted: Sale | SaleId | null): Response | Promise<Response> {
    const found = authenticate(request.headers.get("authorization"));
    if (found instanceof Promise) return found.then((late) => identified(request, wanted, late));
    return identified(request, wanted, found);
  }
}

interface Door {
  /** Null: he is not to come in. */
  visitor(request: Request, peer: Peer): Visitor | null;
  answer(refused: NotAllowed): Response;
}

function doorOf(deps: AppDeps): Door {
  const addressOf = clientAddressReader(deps.trustedProxies);
  return {
    visitor(request, peer) {
      const rules = deps.admission.current();
      return visitorFrom(rules, rules.readsAddress ? addressOf(request, peer) : null);
    },
    answer: notAllowedAnswers(deps),
  };
}

async function buy(
  deps: AppDeps,
  door: Door,
  request: Request,
  wanted: Sale | SaleId | null,
  buyerId: BuyerId,
): Promise<Response> {
  const text = await readText(request);
  if (!text.ok) return text.error;
  const asked = parsePurchase(text.value, request.headers);
  if (!asked.ok) return asked.error;
  const sale = typeof wanted === "string" ? await lookUp(deps, wanted) : wanted;
  if (sale === null) return noSuchSale();
  const admitting = admitBuyer(deps, buyerId, sale);
  const refused = admitting instanceof Promise ? await admitting : admitting;
  if (refused !== null) return door.answer(refused);
  return answer(deps, await purchase(deps, commandOf(sale, buyerId, asked.value)));
}

function lookUp({ clock, directory }: AppDeps, id: SaleId): Promise<Sale | null> {
  return inTime(clock, directory.find(id));
}

function commandOf(
  sale: Sale,
  buyerId: BuyerId,
  { requestKey, quantity }: PurchaseRequest,
): PurchaseCommand {
  return { sale, buyerId, requestKey, quantity, fingerprint: fingerprintOf({ quantity }) };
}

function answer(deps: AppDeps, bought: Result<PurchasedOrder, PurchaseError>): Response {
  if (!bought.ok) {
    deps.metrics.purchase(bought.error.code);
    return refusal(bought.error, deps.random);
  }
  deps.metrics.purchase(bought.value.repeated ? "repeated" : bought.value.status);
  return accepted(bought.value);
}

/** The texts in it are ids and times of ours, so that nothing needs to be escaped. */
function accepted({ id, saleId, quantity, status, acceptedAt }: PurchasedOrder): Response {
  const at = isoTimeOfMoment(acceptedAt);
  const what = `"id":"${id}","saleId":"${saleId}","quantity":${quantity}`;
  const body = `{${what},"status":"${status}","acceptedAt":"${at}"}`;
  const answer = new Response(body, acceptedInit);
  answer.headers.set("location", `/v1/orders/${id}`);
  return answer;
}

const acceptedInit = {
  status: 202,
  headers: new Headers({ ...apiHeaders, "content-type": "application/json" }),
};
