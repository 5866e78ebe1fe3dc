/** The root of every error that smbkit throws on purpose. `code` is stable; texts may change. */
export class SmbError extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

/** Bytes that are not what their specification says. */
export class WireError extends SmbError {
  /** The declaration and field at fault, e.g. `SMB2 READ Request.length`. */
  readonly path: string
  /** Where the fault is, in bytes from the start of the view that was read. */
  readonly offset: number
  /** Section of the specification, e.g. `2.2.19`. */
  readonly spec: string

  constructor(path: string, offset: number, spec: string, problem: string) {
    super('WIRE', `${path} at byte ${offset}: ${problem}${spec === '' ? '' : ` (${spec})`}`)
    this.path = path
    this.offset = offset
    this.spec = spec
  }
}
