import type { EngineParts } from "./engine.ts";
import type { PointReaders } from "./point-readers.ts";

/** Browsers have no native engine that answers synchronously: nothing. */
export async function nativeEngine(): Promise<EngineParts> {
  return { name: "native" };
}

/** Nor readers of points. */
export async function loadPointReaders(): Promise<PointReaders | undefined> {
  return undefined;
}
