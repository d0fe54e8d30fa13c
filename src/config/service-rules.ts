/** The rules of the ways to Redis, Kafka and MySQL: half of what a way needs is a mistake, and so
 * is what nobody would look at. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { problem, type Rule } from "./rule.ts";
import type { Settings } from "./schema.ts";

const services = ["redis", "kafka", "mysql"] as const;
type ServiceName = (typeof services)[number];

export const serviceRules: readonly Rule[] = [
  ...services.flatMap((service) => [materialsAreUsed(service), certificateHasItsKey(service)]),
  {
    reads: ["kafka.sasl"],
    check({ kafka }, layers) {
      const { mechanism, username, password } = kafka.sasl;
      const given = [mechanism, username, password].filter((setting) => setting !== null);
      if (given.length === 0 || given.length === 3) return null;
      const [missing] = Object.entries(kafka.sasl).flatMap(([name, value]) =>
        value === null ? [name] : [],
      );
      const message = "is missing; mechanism, username and password go together";
      return problem(`kafka.sasl.${missing}`, null, layers, message);
    },
  },
];

function materialsAreUsed(service: ServiceName): Rule {
  const field = service === "redis" ? "redis.url" : `${service}.tls.enabled`;
  return {
    reads: [`${service}.tls`, field],
    check(settings, layers) {
      if (isEncrypted(settings, service) || namesOf(settings, service).length === 0) return null;
      const names = namesOf(settings, service).map((name) => `${service}.tls.${name}`);
      const wanted = service === "redis" ? "a URL that begins with rediss" : "it to be true";
      return problem(
        field,
        null,
        layers,
        `leaves ${names.join(", ")} unused, which want ${wanted}`,
      );
    },
  };
}

function certificateHasItsKey(service: ServiceName): Rule {
  return {
    reads: [`${service}.tls`],
    check(settings, layers) {
      const { cert, key } = settings[service].tls;
      if (cert === null && key === null) return null;
      if (cert === null)
        return problem(`${service}.tls.cert`, null, layers, "is missing; key is set");
      if (key === null)
        return problem(`${service}.tls.key`, null, layers, "is missing; cert is set");
      if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return null;
      return problem(`${service}.tls.key`, null, layers, "is not the key of cert");
    },
  };
}

function isEncrypted(settings: Settings, service: ServiceName): boolean {
  if (service === "redis") return settings.redis.url.startsWith("rediss");
  return settings[service].tls.enabled;
}

function namesOf(settings: Settings, service: ServiceName): string[] {
  const { ca, cert, key } = settings[service].tls;
  return Object.entries({ ca, cert, key }).flatMap(([name, pem]) => (pem === null ? [] : [name]));
}
