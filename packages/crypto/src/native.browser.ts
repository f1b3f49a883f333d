import type { EngineParts } from "./engine.ts";

/** Browsers have no native engine that answers synchronously: nothing. */
export async function nativeEngine(): Promise<EngineParts> {
  return { name: "native" };
}
