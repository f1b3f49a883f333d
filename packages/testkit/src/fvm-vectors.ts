import { globSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { dataDir } from "./data.ts";

/** What the tests read of a message vector of the FVM. */
export interface FvmVector {
  readonly id: string;
  readonly networkVersion: number;
  /** Text of the state root before the message. */
  readonly root: string;
  /** The same after all messages; the vector may lack its blocks. */
  readonly rootAfter: string;
  /** CBOR of the messages. */
  readonly messages: readonly Uint8Array[];
  readonly car: Uint8Array;
}

/** The message vectors of the real data, one at a time. */
export function* fvmVectors(): Generator<FvmVector> {
  for (const path of globSync("fvm-test-vectors/**/*.json", { cwd: dataDir }).sort()) {
    const json = JSON.parse(readFileSync(`${dataDir}/${path}`, "utf8"));
    yield {
      id: json._meta.id,
      networkVersion: json.preconditions.variants[0].nv,
      rootAfter: json.postconditions.state_tree.root_cid["/"],
      root: json.preconditions.state_tree.root_cid["/"],
      messages: json.apply_messages.map((message: { bytes: string }) => fromBase64(message.bytes)),
      car: new Uint8Array(gunzipSync(fromBase64(json.car))),
    };
  }
}

function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}
