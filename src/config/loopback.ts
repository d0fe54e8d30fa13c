/** Whether an address is reached from this machine only. A name other than localhost is taken as
 *  public, because what it resolves to can change. */

export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  if (name === "localhost" || name === "::1") return true;
  return /^127(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/.test(name);
}
