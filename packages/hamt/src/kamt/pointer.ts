import { type CidBytes, chainCidLength } from "@copse/ipld";
import type { Entry } from "./entry.ts";
import { type Extension, noExtension } from "./extension.ts";

/** A node in memory: which slots are taken, 32 to a word, and the pointers of those. */
export interface KamtNode<K> {
  readonly bits: number[];
  readonly pointers: Pointer<K>[];
}

/** What a slot holds: a bucket, or a child by its CID, its node once loaded, or both. A child without a CID has changes. */
export class Pointer<K> {
  bucket: Entry<K>[] | undefined;
  node: KamtNode<K> | undefined;
  extension: Extension;
  #held: CidBytes | undefined;
  /** Where the CID stands in `#held`, the node's block; below 0 it is that itself. */
  #at = -1;

  constructor(
    bucket: Entry<K>[] | undefined,
    cid: CidBytes | undefined,
    node: KamtNode<K> | undefined,
    extension: Extension,
  ) {
    this.bucket = bucket;
    this.node = node;
    this.extension = extension;
    this.#held = cid;
  }

  /** A link to a CID of the chain's form within a block: a view is made when it is asked for, which mostly it is not. */
  static within<K>(block: Uint8Array, at: number, extension: Extension): Pointer<K> {
    const pointer = new Pointer<K>(undefined, block, undefined, extension);
    pointer.#at = at;
    return pointer;
  }

  /** CID of the child; `undefined` while it has changes. */
  get cid(): CidBytes | undefined {
    if (this.#at >= 0) {
      this.#held = (this.#held as Uint8Array).subarray(this.#at, this.#at + chainCidLength);
      this.#at = -1;
    }
    return this.#held;
  }

  set cid(cid: CidBytes | undefined) {
    this.#held = cid;
    this.#at = -1;
  }

  /** Becomes what another is. */
  become(other: Pointer<K>): void {
    this.bucket = other.bucket;
    this.node = other.node;
    this.extension = other.extension;
    this.#held = other.#held;
    this.#at = other.#at;
  }
}

/** What a tree holds under some bits of a hash, and how many nodes the way has to the one that its link leads to. */
export interface Side<K> {
  readonly pointer: Pointer<K> | undefined;
  readonly depth: number;
}

/** A pointer to a bucket. */
export function bucketOf<K>(bucket: Entry<K>[]): Pointer<K> {
  return new Pointer(bucket, undefined, undefined, noExtension);
}

/** A pointer to a node that no block holds yet. */
export function childOf<K>(node: KamtNode<K>, extension: Extension = noExtension): Pointer<K> {
  return new Pointer<K>(undefined, undefined, node, extension);
}
