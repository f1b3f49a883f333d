import { isCopseError } from "@copse/primitives";
import { isLie } from "./sync/race.ts";

/** What each exit code of `copse` means; printed by `copse --help` and in the docs. */
export const exitCodes: Readonly<Record<number, string>> = {
  0: "done",
  1: "a bug of copse: please report the printed facts; of `copse vm`: a test vector failed",
  2: "an option, argument or configuration value is wrong",
  3: "data is not what it claims to be: a block, header, message or signature failed its check",
  4: "no peer or server could serve what is needed",
  5: "this machine failed: disk, memory, a missing block",
  6: "what was asked for is not in the repository or file",
  130: "stopped by Ctrl-C or a signal",
};

/**
 * The exit code of a failure, by its consequence.
 *
 * @example
 * exitCodeOf(new HostFault("host/aborted", { reason: "SIGINT" })) // => 130
 */
export function exitCodeOf(error: unknown): number {
  if (!isCopseError(error)) return 1;
  const { code } = error;
  if (code === "host/aborted") return 130;
  if (code.startsWith("host/") || code === "network/listen-failed" || code === "copse/state-too-large") return 5;
  if (code === "copse/command-malformed" || code === "copse/output-exists") return 2;
  if (code.startsWith("state/path-")) return 2;
  if (code.startsWith("copse/option") || code.startsWith("copse/config") || code === "copse/repo-other-network")
    return 2;
  if (isLie(error)) return 3;
  if (code === "copse/no-peers" || code === "copse/download-failed" || code.startsWith("network/")) return 4;
  if (code === "f3/store-other-root" || code === "f3/manifest-malformed") return 2;
  if (code === "f3/store-instance-absent" || code === "f3/store-empty") return 6;
  if (code.startsWith("f3/store-")) return 5; // damaged rows, another writer
  if (code === "copse/not-found" || code === "copse/block-absent" || code === "copse/repo-missing") return 6;
  if (code === "vm/bundle-absent" || code === "copse/absent" || code === "copse/not-executed") return 6;
  if (code.startsWith("path/")) return code === "path/block-malformed" ? 3 : 6;
  return 3;
}
