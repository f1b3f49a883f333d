import { type LinkedRun, type LinkRules, linkRun } from "@copse/chain";
import { cidOf } from "@copse/ipld";
import { concatBytes } from "@copse/primitives";
import type { TipsetKey } from "@copse/types";
import type { HeaderSlices } from "./sources.ts";

/**
 * Whether a fault of an answer is the source's: it gave other bytes than those that were asked for, or in another order.
 *
 * Bytes that hash to what was asked for are the truth, whatever rule they break: then the chain is wrong that names them,
 * and whoever told it. Else an invented header that names real parents would have every honest peer barred that serves
 * them.
 *
 * @param run what linking the answer came to; it has a fault
 */
export function isSourceFalse(run: LinkedRun, answer: readonly HeaderSlices[], rules: LinkRules): boolean {
  switch (run.fault?.code) {
    case "chain/hash-mismatch":
    case "chain/block-count-wrong":
      return true;
    case "chain/order-wrong": {
      const headers = answer[run.linked.length]?.headers ?? [];
      // in canonical order it served them well, and the key that was asked for is the one in disorder
      const key = concatBytes(...headers.map((header) => cidOf(header))) as TipsetKey;
      return linkRun({ key }, [{ headers }], rules).fault?.code === "chain/order-wrong";
    }
    default:
      return false;
  }
}
