import { scanCar } from "@copse/car/edit";
import { openCarStore, openFileAccess } from "@copse/car/node";
import type { CarKind } from "@copse/car/store";
import { type CidBytes, toCid } from "@copse/ipld";
import { carLimits } from "./car-input.ts";

/** What the first and last bytes of a file tell of it. */
export interface CarFileFacts {
  readonly file: string;
  readonly kind: CarKind;
  readonly version: 1 | 2;
  readonly bytes: number;
  readonly roots: readonly string[];
  /** The index in the file, where it has one. */
  readonly index?:
    | { readonly entries?: number | undefined; readonly bytes: number; readonly offset: number }
    | undefined;
}

/** Looks at the header and index of a CAR file; nothing else of it is read. */
export async function carFacts(file: string, signal: AbortSignal): Promise<CarFileFacts> {
  await using access = await openFileAccess(file);
  const scan = await scanCar(access, { signal, limits: carLimits, verify: false, requireRoots: false, codecs: "any" });
  await scan.parts.return(undefined);
  const { kind, version, indexStart, scanner } = scan;
  const offset = indexStart ?? (kind === "CARv2" ? scanner.indexOffset : 0);
  const facts = { file, kind, version, bytes: access.size, roots: scan.roots.map(cidText) };
  if (offset === 0) return facts;
  await using store = await openCarStore(file, { signal, limits: carLimits });
  return { ...facts, index: { entries: store.index.entries, bytes: access.size - offset, offset } };
}

const cidText = (cid: CidBytes): string => toCid(Uint8Array.from(cid)).toString();
