import { setTimeout } from "node:timers/promises";
export async function follow(...[, , , , signal]: unknown[]): Promise<void> {
  await setTimeout(1e9, undefined, { signal: signal as AbortSignal }).catch(() => {});
}
