import { installFastest } from "../src/fastest.ts";
import { checkSignatures, engineNames, nobleEngine, useEngine } from "../src/index.ts";
import { createSignaturePool, webThread } from "../src/pool.ts";
import { damaged, goodChecks } from "./sample-checks.ts";

/** Checks the same signatures with noble, with Wasm and in workers, in a page. */
export default async function everything(input: { readonly worker: string }): Promise<unknown> {
  let state = 1;
  const random = (): number => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  const good = goodChecks(random);
  const checks = good.flatMap((check) => [check, damaged(check, random)]);
  const options = { random: (length: number) => crypto.getRandomValues(new Uint8Array(length)) };
  useEngine(nobleEngine);
  const noble = checkSignatures(checks, options);
  await installFastest();
  const wasm = checkSignatures(checks, options);
  const start = webThread(() => new Worker(input.worker, { type: "module" }));
  const pool = createSignaturePool({ workers: 2, start });
  const pooled = await pool.check(checks);
  await pool.close();
  return { names: engineNames(), noble, wasm, pooled };
}
