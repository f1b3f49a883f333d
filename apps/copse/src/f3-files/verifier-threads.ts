import { createF3Pool, type F3Pool } from "@copse/f3/pool";
import type { CertificateCheck } from "@copse/f3/store";
import { countFlag } from "../commands/car-input.ts";
import type { CommandContext } from "../commands/command.ts";

/** Threads that check signatures, as many as `--workers` says: started when there is one to check. */
export function verifierThreads(context: CommandContext): CertificateCheck & AsyncDisposable {
  const { signal } = context;
  const workers = countFlag(context, "workers", 1, 256);
  let pool: F3Pool | undefined;
  return {
    verify(position, certificates, options) {
      pool ??= createF3Pool({ workers, signal });
      return pool.verify(position, certificates, options);
    },
    [Symbol.asyncDispose]: async () => pool?.close(),
  };
}
