import { TipsetKey } from "@copse/types";
import { CID } from "multiformats/cid";
import { NodeError } from "../errors.ts";

/** How a tipset is named on the command line. */
export type TipsetName =
  /** The newest one there is. */
  | { readonly kind: "head" }
  /** The one at an epoch, or, where that is a null round, the one before it. */
  | { readonly kind: "height"; readonly height: number }
  /** CIDs of blocks, in their order: one of a tipset is enough. */
  | { readonly kind: "blocks"; readonly cids: readonly CID[] };

/**
 * Reads the name of a tipset: `head`, an epoch, or CIDs with commas between them.
 *
 * @throws {NodeError} `copse/option-malformed`
 * @example
 * parseTipset("39") // => { kind: "height", height: 39 }
 */
export function parseTipset(text = "head"): TipsetName {
  if (text === "head") return { kind: "head" };
  if (/^\d{1,15}$/.test(text)) return { kind: "height", height: Number(text) };
  try {
    return { kind: "blocks", cids: TipsetKey.cids(TipsetKey.fromCids(text.split(",").map((cid) => CID.parse(cid)))) };
  } catch (error) {
    const expected = "head, an epoch, or the CIDs of a tipset's blocks with commas between them";
    throw new NodeError("copse/option-malformed", { option: "--tipset", value: text, expected }, { cause: error });
  }
}
