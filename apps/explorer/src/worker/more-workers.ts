import { checkSignatures } from "@copse/crypto";
import { createSignaturePool } from "@copse/crypto/pool";
import { createF3Pool } from "@copse/f3/pool";
import { type CertificateCheck, checkHere } from "@copse/f3/store";
import { type StartThread, webThread } from "@copse/primitives/threads";
import type { CheckSignatures } from "../chain/check-up.ts";

/** Below this a file is done before workers have loaded their engines. Unit: bytes. */
const leastBytes = 512 << 10;

/** Workers worth starting for a file, where the machine has so many to spare: 0 where this thread does it alone. */
export function workersFor(bytes: number, spare: number): number {
  return bytes < leastBytes || spare < 2 ? 0 : Math.min(8, spare);
}

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));

const started = <Task, Answer>(name: string): StartThread<Task, Answer> =>
  webThread(() => new Worker(new URL(`./${name}.js`, import.meta.url), { type: "module", name: `copse-${name}` }));

/** What verifies certificates: workers, or this thread; and how many to give it at once. They end with this worker. */
export function certificateCheck(workers: number): { readonly check: CertificateCheck; readonly together: number } {
  if (workers === 0) return { check: checkHere(random), together: 16 };
  const check = createF3Pool({ workers, start: started("certificates") });
  return { check, together: 32 * workers };
}

/** What checks signatures: workers, or this thread. */
export function signatureCheck(workers: number): CheckSignatures {
  if (workers === 0) return (checks) => checkSignatures(checks, { random });
  const pool = createSignaturePool({ workers, start: started("signatures") });
  return (checks) => pool.check(checks);
}
