/** The hot routes in the form in which Bun's server matches them by itself, in native code,
 *  before the router is asked. */
import type { AppDeps } from "./app-deps.ts";
import { corsRules, withCors } from "./cors.ts";
import type { SaleHandler } from "./hot-route.ts";
import { hotHandlers } from "./routes/hot.ts";

/** Methods that are not here go to the router, and so does everything else. */
export function bunRoutes(deps: AppDeps): BunRoutes {
  const { purchase, readSale } = hotHandlers(deps);
  const cors = corsRules(deps.cors);
  return {
    "/v1/sales/:id": { GET: called(withCors(cors, readSale)) },
    "/v1/sales/:id/orders": { POST: called(withCors(cors, purchase)) },
  };
}

export type BunRoutes = Bun.Serve.Routes<undefined, string>;

type SaleRequest = Bun.BunRequest<string>;
type Server = Bun.Server<undefined>;

function called(
  handle: SaleHandler,
): (request: SaleRequest, server: Server) => Response | Promise<Response> {
  return (request, server) => {
    const peer = () => server.requestIP(request)?.address ?? null;
    return handle(request, request.params.id ?? "", peer);
  };
}
