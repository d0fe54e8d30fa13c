/** What is told of the encryption of a way to a service. */

export interface Tls {
  readonly enabled: boolean;
  /** PEM, each; null if there is none. */
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
}

/** As clients take it: a certificate that is not signed, or not for the host, ends a connection. */
export interface TlsOptions {
  readonly rejectUnauthorized: true;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export function tlsOptions({ ca, cert, key }: Omit<Tls, "enabled">): TlsOptions {
  return {
    rejectUnauthorized: true,
    ...(ca !== null && { ca }),
    ...(cert !== null && { cert }),
    ...(key !== null && { key }),
  };
}
