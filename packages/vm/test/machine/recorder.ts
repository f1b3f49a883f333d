import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { CborWriter, type CidBytes, toCid } from "@copse/ipld";
import { concatBytes, encodeUvarint, fromLatin1 } from "@copse/primitives";
import { encodeMessage, type Message } from "@copse/types";
import type { ApplyResult } from "../../src/executor/apply-result.ts";
import type { Externs } from "../../src/externs.ts";
import type { MachineContext } from "../../src/machine/core.ts";

/** Of a machine's context, what vectors tell. */
type Context = Pick<MachineContext, "networkVersion" | "chainId" | "epoch" | "timestamp" | "baseFee" | "circSupply">;

/** Where vectors are written: `COPSE_RECORD_VECTORS=/tmp/vectors npx vitest run test/machine`. */
const folder = process.env["COPSE_RECORD_VECTORS"];

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const linkTo = (cid: CidBytes): { "/": string } => ({ "/": toCid(cid).toString() });

/**
 * Writes what a test machine did as a message vector, so that the reference can do the same (`oracle replay`, see
 * `test/vectors/README.md`). Does nothing unless the environment says where to.
 */
export class Recorder {
  readonly externs: Externs;
  readonly #context: Context;
  readonly #root: CidBytes;
  readonly #manifest: CidBytes;
  readonly #blocks: ReadonlyMap<string, Uint8Array>;
  readonly #randomness = new Map<string, object>();
  readonly #tipsets = new Map<number, object>();
  readonly #messages: object[] = [];
  readonly #receipts: object[] = [];
  readonly #outputs: object[] = [];
  #isPossible: boolean;
  #name: string | undefined;

  constructor(
    context: Context,
    state: { readonly root: CidBytes; readonly manifest: CidBytes; readonly blocks: ReadonlyMap<string, Uint8Array> },
    externs: Externs,
    isPossible: boolean,
  ) {
    this.#context = context;
    this.#root = state.root;
    this.#manifest = state.manifest;
    this.#blocks = folder === undefined ? new Map() : new Map(state.blocks);
    this.#isPossible = folder !== undefined && isPossible;
    this.externs = folder === undefined ? externs : this.#listening(externs);
  }

  /** What the reference's externs are told to answer. */
  #listening(externs: Externs): Externs {
    const draw = (kind: "chain" | "beacon", epoch: number): Uint8Array => {
      const drawn = kind === "chain" ? externs.chainRandomness(epoch) : externs.beaconRandomness(epoch);
      if (!Number.isSafeInteger(epoch)) this.#isPossible = false; // JSON has no such number
      this.#randomness.set(kind + epoch, { on: [kind, epoch], ret: base64(drawn) });
      return drawn;
    };
    return {
      chainRandomness: (epoch) => draw("chain", epoch),
      beaconRandomness: (epoch) => draw("beacon", epoch),
      tipsetCid: (epoch) => {
        const cid = externs.tipsetCid(epoch);
        this.#tipsets.set(epoch, { epoch, cid: linkTo(cid) });
        return cid;
      },
      verifyConsensusFault: (...headers) => {
        const wasPossible = this.#isPossible;
        this.#isPossible = false; // those of the oracle find none
        const fault = externs.verifyConsensusFault(...headers);
        this.#isPossible = wasPossible && fault === undefined;
        return fault;
      },
    };
  }

  /** A message that ended with a fault: no vector says that. */
  fault(): void {
    this.#isPossible = false;
  }

  /** A message that was executed. `flush` gives the root after it. */
  add(message: Message, rawLength: number, { receipt, ...result }: ApplyResult, flush: () => CidBytes): void {
    if (!this.#isPossible) return;
    const { exitCode, returnData, gasUsed, eventsRoot } = receipt;
    this.#messages.push({ bytes: base64(encodeMessage(message)), kind: "explicit", raw_length: rawLength });
    const root = eventsRoot === null || eventsRoot === undefined ? eventsRoot : linkTo(eventsRoot);
    this.#receipts.push({
      exit_code: exitCode,
      return: base64(returnData),
      gas_used: Number(gasUsed),
      ...(root === undefined ? {} : { events_root: root }),
    });
    this.#outputs.push({
      penalty: String(result.penalty),
      miner_tip: String(result.minerTip),
      base_fee_burn: String(result.baseFeeBurn),
      over_estimation_burn: String(result.overEstimationBurn),
      refund: String(result.refund),
      gas_refund: Number(result.gasRefund),
      gas_burned: Number(result.gasBurned),
    });
    this.#write(flush());
  }

  #write(after: CidBytes): void {
    const { networkVersion, chainId, epoch, timestamp, baseFee, circSupply } = this.#context;
    const json = {
      class: "message",
      selector: {},
      car: base64(gzipSync(this.#car(after))),
      preconditions: {
        variants: [{ id: `nv${networkVersion}`, epoch, nv: networkVersion }],
        state_tree: { root_cid: linkTo(this.#root) },
        basefee: Number(baseFee),
        circ_supply: "CIRC_SUPPLY",
        chain_id: Number(chainId),
        timestamp: Number(timestamp),
        actors: {
          version: networkVersion < 18 ? "v9" : networkVersion < 21 ? "v10" : "v18",
          network: "mainnet",
          manifest: linkTo(this.#manifest),
        },
      },
      randomness: [...this.#randomness.values()],
      tipset_cids: [...this.#tipsets.values()],
      apply_messages: this.#messages,
      postconditions: {
        state_tree: { root_cid: linkTo(after) },
        receipts: this.#receipts,
        outputs: this.#outputs,
      },
    };
    this.#name ??= `nv${networkVersion}-${createHash("sha256").update(JSON.stringify(json)).digest("hex").slice(0, 12)}`;
    const text = JSON.stringify({ _meta: { id: this.#name }, ...json }).replace('"CIRC_SUPPLY"', String(circSupply));
    mkdirSync(folder as string, { recursive: true });
    writeFileSync(join(folder as string, `${this.#name}.json`), text);
  }

  #car(after: CidBytes): Uint8Array {
    const header = new CborWriter()
      .map(2)
      .text("roots")
      .array(2)
      .link(this.#root)
      .link(after)
      .text("version")
      .uint(1)
      .finish();
    const parts = [encodeUvarint(header.length), header];
    for (const [key, block] of this.#blocks) {
      const cid = fromLatin1(key);
      parts.push(encodeUvarint(cid.length + block.length), cid, block);
    }
    return concatBytes(...parts);
  }
}
