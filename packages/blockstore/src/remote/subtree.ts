import { CborReader, type CidBytes, cidKey, codecs, hashes, links, readCid, toCid, verifyBlock } from "@copse/ipld";
import { type AbortOptions, assertNotAborted, isCopseError } from "@copse/primitives";
import type { BlockEntry } from "../store.ts";
import { ChunkReader } from "./chunk-reader.ts";
import { RemoteError, type RemoteFacts } from "./errors.ts";
import { assertType, type GatewayOptions, unlessAbsent } from "./gateway.ts";
import { followRedirects, type GatewayRequest } from "./http.ts";
import { bodyChunks } from "./http-body.ts";

/** How a subtree is asked for. */
export interface SubtreeOptions extends GatewayOptions, AbortOptions {
  /** The longest block. Default 2 MiB. */
  readonly maxBlockBytes?: number | undefined;
  /** Most blocks. Default 1,000,000; each linked block takes some 150 B until the end. */
  readonly maxBlocks?: number | undefined;
  /** Most bytes of the answer. Default 1 GiB. */
  readonly maxBytes?: number | undefined;
}

const carType = "application/vnd.ipld.car";
const maxHeaderBytes = 64 << 10;
const maxCidBytes = 1024;
/** Hash functions that {@link verifyBlock} knows; others are links to no block of ours: commitments. */
const known: ReadonlySet<number> = new Set([hashes.blake2b256, hashes.sha256, hashes.keccak256]);

/**
 * All that a root leads to, from a trustless gateway, as one stream: `?format=car&dag-scope=all`, depth first. Each block
 * is checked against its CID, and has to be linked from one that came before: a gateway can send nothing else.
 * DAG-CBOR and raw blocks; links under other hash functions (commitments) are not followed.
 *
 * Yields each block once, the root first; nothing where the gateway says that it lacks the root. What was yielded is
 * good also when the stream fails afterwards.
 *
 * @throws {RemoteError} `remote/car-malformed`, `remote/block-mismatch`, `remote/car-incomplete`, `remote/subtree-too-large`,
 * and as {@link gatewaySource}
 * @see specs.ipfs.tech/http-gateways/trustless-gateway, "CAR Responses"
 * @example
 * for await (const block of gatewaySubtree(url, root, { fetch: globalThis.fetch })) await store.putManyBytes([block]);
 */
export async function* gatewaySubtree(
  url: string,
  root: CidBytes,
  options: SubtreeOptions,
): AsyncGenerator<BlockEntry> {
  const { maxBlockBytes = 2 << 20, maxBlocks = 1_000_000, maxBytes = 1 << 30 } = options;
  assertNotAborted(options.signal);
  const left = new AbortController();
  const request: GatewayRequest = {
    source: url.replace(/\/+$/, ""),
    cid: toCid(root).toString(),
    accept: `${carType}; version=1; order=dfs; dups=n`,
    headers: options.headers ?? {},
    maxRedirects: options.maxRedirects ?? 3,
    signal: options.signal === undefined ? left.signal : AbortSignal.any([options.signal, left.signal]),
  };
  try {
    const { source, cid } = request;
    const asked = "format=car&dag-scope=all&car-version=1&car-order=dfs&car-dups=n";
    const response = await followRedirects(options.fetch, `${source}/ipfs/${cid}?${asked}`, request);
    if (response.status !== 200) return unlessAbsent(response, source, cid);
    assertType(response, carType, source, cid);
    const reader = new ChunkReader(bodyChunks(response, { source, cid }, maxBytes));
    try {
      yield* new SubtreeReader(reader, request, maxBlockBytes, maxBlocks).blocks(root);
    } finally {
      await reader.end();
    }
  } catch (error) {
    throw told(error, request, options, maxBytes);
  } finally {
    left.abort();
  }
}

/** The caller's abort, or an error that names the source. */
function told(error: unknown, { source, cid }: GatewayRequest, options: SubtreeOptions, maxBytes: number): unknown {
  assertNotAborted(options.signal);
  if (!isCopseError(error)) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return new RemoteError("remote/source-failed", { source, cid, reason }, { cause: error });
  }
  if (error.code !== "remote/block-too-long") return error;
  return new RemoteError("remote/subtree-too-large", { source, cid, limit: `${maxBytes} B` }, { cause: error });
}

class SubtreeReader {
  readonly #reader: ChunkReader;
  readonly #of: RemoteFacts["remote/car-malformed"];
  readonly #maxBlockBytes: number;
  readonly #maxBlocks: number;
  /** Blocks linked from those that came, and not come yet. */
  readonly #wanted = new Set<string>();
  readonly #came = new Set<string>();

  constructor(reader: ChunkReader, { source, cid }: GatewayRequest, maxBlockBytes: number, maxBlocks: number) {
    this.#reader = reader;
    this.#of = { source, cid, why: "" };
    this.#maxBlockBytes = maxBlockBytes;
    this.#maxBlocks = maxBlocks;
  }

  async *blocks(root: CidBytes): AsyncGenerator<BlockEntry> {
    await this.#header();
    this.#want(root);
    while (await this.#reader.more()) {
      const [cid, bytes] = await this.#section();
      const key = cidKey(cid);
      if (this.#came.has(key)) continue;
      if (!this.#wanted.delete(key)) throw this.#malformed(`a block that nothing links to: ${toCid(cid)}`);
      if (!verifyBlock(cid, bytes)) {
        const { source } = this.#of;
        throw new RemoteError("remote/block-mismatch", { source, cid: toCid(cid).toString(), length: bytes.length });
      }
      this.#came.add(key);
      this.#follow(cid, bytes);
      yield [cid, bytes];
    }
    const missing = this.#wanted.size;
    const { source, cid } = this.#of;
    if (missing > 0) throw new RemoteError("remote/car-incomplete", { source, cid, blocks: this.#came.size, missing });
  }

  /** Only the version is looked at: what roots a gateway names is not settled. */
  async #header(): Promise<void> {
    const length = await this.#reader.varint(maxHeaderBytes);
    const bytes = length === undefined ? undefined : await this.#reader.take(length);
    if (bytes === undefined) throw this.#malformed("its header is cut or too long");
    try {
      const reader = new CborReader(bytes);
      let version = 0;
      for (let pairs = reader.map(8); pairs > 0; pairs--) {
        if (reader.text(64) === "version") version = reader.safeUint();
        else reader.skip();
      }
      reader.end();
      if (version !== 1) throw this.#malformed(`version ${version}`);
    } catch (error) {
      if (!isCopseError(error, "cbor/")) throw error;
      throw this.#malformed(`its header: ${error.message}`, error);
    }
  }

  async #section(): Promise<BlockEntry> {
    const length = await this.#reader.varint(this.#maxBlockBytes + maxCidBytes);
    const bytes = length === undefined ? undefined : await this.#reader.take(length);
    if (bytes === undefined) throw this.#malformed("a section is cut or too long");
    try {
      const { end } = readCid(bytes);
      return [bytes.slice(0, end), bytes.slice(end)];
    } catch (error) {
      if (!isCopseError(error, "cid/")) throw error;
      throw this.#malformed(`a section: ${error.message}`, error);
    }
  }

  #follow(cid: CidBytes, bytes: Uint8Array): void {
    if (readCid(cid).codec !== codecs.dagCbor) return;
    try {
      for (const link of links(bytes, { form: "chain" })) this.#want(link);
    } catch (error) {
      if (!isCopseError(error, "cbor/")) throw error;
      throw this.#malformed(`block ${toCid(cid)}: ${error.message}`, error);
    }
  }

  #want(cid: CidBytes): void {
    const { hash, codec, digest } = readCid(cid);
    if (hash === hashes.identity) {
      if (codec === codecs.dagCbor) this.#follow(cid, digest);
      return;
    }
    const key = cidKey(cid);
    if (!known.has(hash) || (codec !== codecs.dagCbor && codec !== codecs.raw) || this.#came.has(key)) return;
    this.#wanted.add(key);
    if (this.#wanted.size + this.#came.size <= this.#maxBlocks) return;
    const { source, cid: of } = this.#of;
    throw new RemoteError("remote/subtree-too-large", { source, cid: of, limit: `${this.#maxBlocks} blocks` });
  }

  #malformed(why: string, cause?: unknown): RemoteError {
    return new RemoteError("remote/car-malformed", { ...this.#of, why }, { cause });
  }
}
