/** Looks whether etcd can keep locks. */
import { type Finding, failing, fine, warning } from "../../lib/finding.ts";
import { unreachable } from "../shared/service-findings.ts";
import { base64, type EtcdOptions, etcdClient } from "./client.ts";

interface Status {
  readonly version?: string;
  readonly leader?: string;
  readonly errors?: readonly string[];
}

interface Members {
  readonly members?: readonly unknown[];
}

export async function etcdFindings(options: EtcdOptions): Promise<Finding[]> {
  const each = await Promise.all(options.hosts.map((host) => hostFinding(options, host)));
  return [...each, await quorum(options)];
}

async function hostFinding(options: EtcdOptions, host: string): Promise<Finding> {
  const check = `etcd ${host}`;
  try {
    const status = await etcdClient({ ...options, hosts: [host] }).call<Status>(
      "/v3/maintenance/status",
      {},
    );
    const { version = "unknown", errors = [] } = status;
    const [major = 0, minor = 0] = version.split(".").map(Number);
    if (major < 3 || (major === 3 && minor < 4)) {
      return failing(check, `version ${version}`, "Use etcd 3.4 or newer.");
    }
    if (errors.length > 0) return failing(check, errors.join("; "), "See `etcdctl alarm list`.");
    return fine(check, `version ${version}`);
  } catch (reason) {
    return unreachable(check, reason, "Start it, or mend etcd.hosts.");
  }
}

/** A read that only a majority of the members can answer. */
async function quorum(options: EtcdOptions): Promise<Finding> {
  const check = "etcd quorum";
  try {
    const client = etcdClient(options);
    await client.call("/v3/kv/range", { key: base64("doorbuster"), keys_only: true });
    const { members = [] } = await client.call<Members>("/v3/cluster/member/list", {});
    const detail = `${members.length} member${members.length === 1 ? "" : "s"}`;
    if (members.length >= 3) return fine(check, detail);
    return warning(check, detail, "Run three or five members, so that one may fail.");
  } catch (reason) {
    return unreachable(check, reason, "Locks cannot be had: see the members' logs.");
  }
}
