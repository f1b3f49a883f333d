import type { Database } from "@copse/blockstore";
import { type ChainReader, type ChainStore, type LinkedTipset, openChainStore } from "@copse/chain";
import { isCopseError } from "@copse/primitives";
import {
  decodeBlockHeader,
  decodeMessage,
  decodeSignedMessage,
  messageCid,
  type Network,
  TipsetKey,
} from "@copse/types";
import { CID } from "multiformats/cid";
import { assembledReport, assembledText } from "../assembled.ts";
import { NodeError } from "../errors.ts";
import { storedHead } from "../f3/certificates.ts";
import { headerJson, messageJson, signedMessageJson, tipsetJson } from "../lotus-json.ts";
import { resolveNetwork } from "../networks.ts";
import { resolveOptions } from "../options.ts";
import { toJson } from "../output.ts";
import { readRepo } from "../repo.ts";
import { readBasis } from "../report-assembled.ts";
import { countsTable } from "../sync/counts.ts";
import type { CommandContext, CommandSpec } from "./command.ts";

const where = [
  { form: "--network <name>", says: "network whose default repository is meant" },
  { form: "--repo <dir>", says: "the repository" },
];

interface Opened {
  readonly network: Network;
  readonly database: Database;
  readonly store: ChainStore;
  readonly reader: ChainReader;
}

/** Opens the repository a command is about, runs it, and closes it. */
async function withChain(context: CommandContext, run: (opened: Opened) => number | Promise<number>): Promise<number> {
  const options = resolveOptions(context.flags, context.environment);
  const { about, database } = await readRepo(options.repo);
  try {
    const network = resolveNetwork(about.network);
    const store = await openChainStore(database, { genesis: network.genesisCid.bytes });
    return await run({ network, database, store, reader: store.reader });
  } finally {
    await database.close();
  }
}

function parseCid(text: string | undefined): CID {
  try {
    return CID.parse(text ?? "");
  } catch (error) {
    throw new NodeError(
      "copse/option-malformed",
      { option: "argument", value: text ?? "", expected: "a CID" },
      { cause: error },
    );
  }
}

function showTipset(context: CommandContext, { network }: Opened, tipset: LinkedTipset): number {
  const blocks = tipset.headers.map(decodeBlockHeader);
  const json = tipsetJson(tipset.key, blocks, network.addressPrefix);
  context.output.answer(json, () => `height ${tipset.height}\n${TipsetKey.cids(tipset.key).join("\n")}`);
  return 0;
}

/** `copse chain …` */
export const chainCommands: readonly CommandSpec[] = [
  {
    name: "head",
    says: "Show the heaviest tipset",
    options: where,
    examples: ["copse chain head --json"],
    run: (context) =>
      withChain(context, (opened) => {
        const head = opened.store.head;
        const tipset = head && opened.reader.tipset(head.key);
        if (tipset === undefined) throw new NodeError("copse/not-found", { what: "a head" });
        return showTipset(context, opened, tipset);
      }),
  },
  {
    name: "tipset",
    says: "Show a tipset by height, or by the CID of one of its blocks",
    takes: [{ form: "<height|cid>", says: "an epoch; for a null round the tipset before it is shown" }],
    options: where,
    examples: ["copse chain tipset 39", "copse chain tipset bafy2bzace… --json"],
    run: (context) =>
      withChain(context, (opened) => {
        const [what = ""] = context.args;
        const height = /^\d{1,15}$/.test(what) ? Number(what) : opened.reader.canonicalHeight(parseCid(what).bytes);
        const tipset = height === undefined ? undefined : opened.reader.tipsetAt(height, "previous");
        if (tipset === undefined) throw new NodeError("copse/not-found", { what: `tipset ${what}` });
        return showTipset(context, opened, tipset);
      }),
  },
  {
    name: "block",
    says: "Show a block header",
    takes: [{ form: "<cid>", says: "its CID" }],
    options: where,
    examples: ["copse chain block bafy2bzace… --json"],
    run: (context) =>
      withChain(context, ({ network, reader }) => {
        const cid = parseCid(context.args[0]);
        const bytes = reader.headerBytes(cid.bytes);
        if (bytes === undefined) throw new NodeError("copse/not-found", { what: `block ${cid}` });
        const json = headerJson(decodeBlockHeader(bytes), network.addressPrefix);
        context.output.answer(json, () => toJson(json, 2));
        return 0;
      }),
  },
  {
    name: "message",
    says: "Show a message that a block of this chain lists",
    takes: [{ form: "<cid>", says: "its CID: of the signed form for secp256k1 and delegated messages" }],
    options: where,
    examples: ["copse chain message bafy2bzace… --json"],
    run: (context) =>
      withChain(context, ({ network, database }) => {
        const cid = parseCid(context.args[0]);
        const json = readMessage(database.blocks.getSync(cid.bytes), cid, network.addressPrefix);
        if (json === undefined) throw new NodeError("copse/not-found", { what: `message ${cid}` });
        context.output.answer(json, () => toJson(json, 2));
        return 0;
      }),
  },
  {
    name: "assembled",
    says: "Tell how far the chain is assembled and checked, and what that rests on",
    options: where,
    examples: ["copse chain assembled --json"],
    run: (context) =>
      withChain(context, async ({ network, database, store }) => {
        const report = assembledReport({
          store,
          network,
          counts: countsTable(database).read(),
          ...readBasis(database, store.head),
          f3: await storedHead(database),
          now: Date.now() / 1000,
        });
        if (report === undefined) throw new NodeError("copse/not-found", { what: "an assembled chain" });
        context.output.answer(report, () => assembledText(report));
        return report.toGenesis ? 0 : 3;
      }),
  },
];

function readMessage(bytes: Uint8Array | undefined, cid: CID, prefix: "f" | "t"): unknown {
  if (bytes === undefined) return undefined;
  try {
    // a message has ten fields, a signed one two
    if (bytes[0] === 0x8a) return messageJson(decodeMessage(bytes), cid, prefix);
    const signed = decodeSignedMessage(bytes);
    return signedMessageJson(signed, messageCid(signed.message), cid, prefix);
  } catch (error) {
    if (isCopseError(error)) return undefined; // a block of another kind
    throw error;
  }
}
