/** Decompresses one zstd frame at once. */
export interface FrameDecoder {
  /**
   * @param limit most that may come out; unit: bytes
   * @param offset of the frame in its file, for errors
   * @param isCut gives what comes out of the beginning of a frame
   * @throws {CarError} `car/frame-malformed`, `car/frame-too-long`
   */
  decode(frame: Uint8Array, limit: number, offset: number, isCut?: boolean): Uint8Array;
}

/** Makes one zstd frame out of parts, each of which ends a zstd block, so that all before it is out. */
export interface FrameCompressor {
  /** Adds a part and flushes. Gives what has come out since the last call. */
  flush(part: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** Ends the frame. Gives the rest. With a part: adds it without a flush before the end. */
  end(part?: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** Lets go of a frame that will not be ended. */
  abandon(): void;
}

/** Starts frames of zstd: no checksum, no content size, the level's own parameters. */
export interface FrameEncoder {
  start(level: number): FrameCompressor;
  /** Lets go of what is kept between frames. */
  close?(): void;
}
