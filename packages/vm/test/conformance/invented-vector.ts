import { gzipSync } from "node:zlib";
import { encodeCar } from "@copse/car";
import { CborWriter, cidOf, toCid } from "@copse/ipld";
import { Address, AttoFil, encodeMessage, type Message } from "@copse/types";

type Part = Readonly<Record<string, unknown>>;

/** A vector as its JSON has it. */
export interface VectorJson {
  class: string;
  selector: Part;
  _meta: { id: string };
  car: string;
  preconditions: Part;
  apply_messages: Part[];
  postconditions: { state_tree: Part; receipts: Part[] } & Part;
}

/** A vector in the old format, of one transfer; its state is a block that is none. Parts are added or replaced. */
export function inventVector(
  odd: { preconditions?: Part; apply_messages?: Part; receipts?: Part; postconditions?: Part } = {},
): VectorJson {
  const state = new CborWriter().text("a state").finish();
  const root = { "/": toCid(cidOf(state)).toString() };
  const message: Message = {
    version: 0,
    to: Address.id(1000),
    from: Address.fromBytes(Uint8Array.from({ length: 21 }, (_, at) => (at === 0 ? 1 : 7))),
    nonce: 0n,
    value: AttoFil.fromFil(1n),
    gasLimit: 1_000_000n,
    gasFeeCap: AttoFil.from(200),
    gasPremium: AttoFil.from(1),
    method: 0n,
    params: new Uint8Array(0),
  };
  const bytes = Buffer.from(encodeMessage(message)).toString("base64");
  const car = gzipSync(encodeCar([cidOf(state)], [{ cid: cidOf(state), bytes: state }]));
  return {
    class: "message",
    selector: {},
    _meta: { id: "invented" },
    car: car.toString("base64"),
    preconditions: {
      variants: [{ id: "v", epoch: 7, nv: 18 }],
      state_tree: { root_cid: root },
      basefee: 100,
      ...odd.preconditions,
    },
    apply_messages: [{ bytes, ...odd.apply_messages }],
    postconditions: {
      state_tree: { root_cid: root },
      receipts: [{ exit_code: 0, return: "", gas_used: 5, ...odd.receipts }],
      ...odd.postconditions,
    },
  };
}
