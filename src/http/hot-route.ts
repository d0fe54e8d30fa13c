/** The routes that a crowd hits: plain functions, which the server calls without going through
 *  the router, and which the router mounts as well. Each measures itself and answers for its own
 *  faults. */
import type { RouteMeter } from "../observability/http-meter.ts";
import type { AppDeps, ErrorLog } from "./app-deps.ts";
import type { Peer } from "./client-address.ts";
import { internalError } from "./internal-error.ts";

/** Answers a request about the sale that the path names. */
export type SaleHandler = (
  request: Request,
  saleIdText: string,
  peer: Peer,
) => Response | Promise<Response>;

export function hotRoute(
  deps: Pick<AppDeps, "metrics" | "logger">,
  method: string,
  route: string,
  handle: SaleHandler,
): SaleHandler {
  const meter = deps.metrics.route(method, route);
  return (request, saleIdText, peer) => {
    const startedAt = performance.now();
    try {
      const answer = handle(request, saleIdText, peer);
      if (answer instanceof Response) return measured(meter, startedAt, answer);
      return measuredLater(meter, startedAt, answer, deps.logger);
    } catch (reason) {
      return measured(meter, startedAt, internalError(deps.logger, reason));
    }
  };
}

async function measuredLater(
  meter: RouteMeter,
  startedAt: number,
  answer: Promise<Response>,
  logger: ErrorLog,
): Promise<Response> {
  try {
    return measured(meter, startedAt, await answer);
  } catch (reason) {
    return measured(meter, startedAt, internalError(logger, reason));
  }
}

function measured(meter: RouteMeter, startedAt: number, answer: Response): Response {
  meter.answered(answer.status, (performance.now() - startedAt) / 1000);
  return answer;
}
