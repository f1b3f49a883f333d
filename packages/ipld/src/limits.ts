// Every limit of the package: README.md shows them as one table.

/** Most items of an array where its type sets no other limit. @see cbor-gen `MaxLength` */
export const maxArrayLength = 8192;
/** Most bytes of a byte string where its type sets no other limit. @see cbor-gen `ByteArrayMaxLen` */
export const maxBytesLength: number = 2 << 20;
/** Deepest nesting within a block that is followed where nothing else is said. */
export const maxDepth = 64;
/** Most bytes of a link, its multibase byte among them. @see cbor-gen `ReadCid` */
export const maxLinkBytes = 512;
/** Most links of a block that a scan tells of where nothing else is said: what fills a block of 8 MiB. */
export const maxLinks: number = 1 << 20;
