import { parentsKey, readStoredMessages, skimHeader } from "@copse/chain";
import { type CidBytes, type SyncBlockReader, toCid } from "@copse/ipld";
import { TipsetKey } from "@copse/types";
import { NodeError } from "../errors.ts";
import type { ChainSourcePort, HeaderSlices, TipsetMessages } from "./sources.ts";

/** The blocks of an imported file as a source, so that they are linked and checked as a peer's are. */
export function importSource(file: string, blocks: SyncBlockReader): ChainSourcePort {
  const held = (cid: CidBytes): Uint8Array => {
    const bytes = blocks.getSync(cid);
    if (bytes === undefined) throw new NodeError("copse/import-no-head", { file, head: toCid(cid).toString() });
    return bytes;
  };
  const walk = function* (head: TipsetKey, count: number): Generator<HeaderSlices> {
    for (let key = head, i = 0; i < count && key.length > 0; i++) {
      const headers = TipsetKey.cidBytes(key).map(held);
      yield { headers };
      const skim = skimHeader(headers[0] as Uint8Array);
      key = skim.height === 0 ? TipsetKey.empty : parentsKey(skim);
    }
  };
  return {
    id: file,
    headers: (head, count) => Promise.resolve([...walk(head, count)]),
    messages: (head, count) =>
      Promise.resolve(
        [...walk(head, count)].map(({ headers }): TipsetMessages => {
          const lists = headers.map((header) => {
            const { messagesAt, messagesEnd } = skimHeader(header);
            const root = header.subarray(messagesAt, messagesEnd);
            const stored = readStoredMessages(blocks, root);
            if (stored === undefined)
              throw new NodeError("copse/import-no-head", { file, head: toCid(root).toString() });
            return { bls: stored.bls.map(({ bytes }) => bytes), secp: stored.secp.map(({ bytes }) => bytes) };
          });
          return { blocks: lists };
        }),
      ),
  };
}
