/** Why a file could not be read, in words that name no path but the user's own. */

export function whyUnreadable(reason: unknown): string {
  const code = reason instanceof Error && "code" in reason ? String(reason.code) : "";
  return reasons[code] ?? (reason instanceof Error ? reason.message : String(reason));
}

const reasons: Record<string, string> = {
  ENOENT: "there is no such file",
  EACCES: "its permissions do not allow it",
  EISDIR: "it is a directory",
};
