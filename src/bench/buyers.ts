/** An endless supply of buyers nobody has seen before: each request comes with a token that no
 *  cache can hold yet, and a key of its own. */
import type { Endpoint } from "../rush/exchange.ts";
import { purchaseRequest } from "../rush/purchase-request.ts";
import type { TokenSigner } from "../rush/tokens.ts";
import { PreparedRequests } from "./prepared-requests.ts";

export class FreshBuyers {
  private readonly signer: TokenSigner;
  private seen = 0;

  constructor(signer: TokenSigner) {
    this.signer = signer;
  }

  purchases(endpoint: Endpoint, saleId: string, count: number, cycles = false): PreparedRequests {
    const write = () => {
      this.seen += 1;
      const buyerId = `buyer-${String(this.seen).padStart(9, "0")}`;
      const token = this.signer.sign(buyerId, "buy");
      return purchaseRequest({ endpoint, saleId, token, key: `key-${buyerId}`, quantity: 1 });
    };
    return new PreparedRequests(count, write, cycles);
  }
}
