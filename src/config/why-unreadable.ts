/** Why a file could not be read, in words that do not repeat its name: where a secret's file is
 *  asked for, some write the secret. */

export function whyUnreadable(reason: unknown): string {
  const code = reason instanceof Error && "code" in reason ? String(reason.code) : "";
  return reasons[code] ?? `the system says ${code || "nothing more"}`;
}

const reasons: Record<string, string> = {
  ENOENT: "there is no such file",
  EACCES: "its permissions do not allow it",
  EISDIR: "it is a directory",
  ENOTDIR: "what should be a directory is none",
  ENAMETOOLONG: "no file has such a long name",
  ERR_INVALID_ARG_VALUE: "no file has such a name",
};
