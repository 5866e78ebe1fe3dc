/** What NEGOTIATE settled (MS-SMB2 3.2.1.2, 3.3.1.7: CompressionIds and SupportsChainedCompression). */
export interface Compression {
  /** What both ends know, in the client's order of preference. */
  readonly algorithms: readonly number[]
  /** Several payloads may make up one message, each compressed in its own way. */
  readonly chained: boolean
}
