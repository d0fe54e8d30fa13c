/** A store that cannot be reached or cannot write just now. Nothing is known to have happened, and
 * trying again may help. */
export class ServiceUnavailable extends Error {
  override readonly name = "ServiceUnavailable";
}
