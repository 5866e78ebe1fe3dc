/** What a server of SMB1 says of itself. */
export interface Smb1Server {
  readonly host: string
  readonly port: number
  /** Logons are by SPNEGO and NTLMSSP or Kerberos; otherwise by challenge and response alone. */
  readonly extendedSecurity: boolean
  /** Messages can be, and have to be, signed. */
  readonly signing: 'required' | 'enabled' | 'off'
  /** CAP_* of MS-CIFS 2.2.4.52.2. */
  readonly capabilities: number
  /** With extended security. */
  readonly guid?: string
  /** Without extended security: NetBIOS names, as the server tells them. */
  readonly domain?: string
  readonly name?: string
  readonly time: Date
}

/** A share that is connected. */
export interface Smb1Tree {
  readonly share: string
  /** `A:` for a disk, `IPC` for pipes. */
  readonly service: string
  readonly nativeFileSystem: string
  /** What the user may do at most, where the server tells. */
  readonly maximalAccess?: number
  disconnect(): Promise<void>
}

/**
 * A session of SMB1 (NT LM 0.12): for servers that speak nothing newer. It logs on, connects to shares and asks whether
 * the server is there; files are for later dialects.
 */
export interface Smb1Client extends AsyncDisposable {
  readonly server: Smb1Server
  readonly kind: 'user' | 'guest' | 'anonymous'
  /** Everything is signed, both ways. */
  readonly signs: boolean
  /** Connects to a share. @throws StatusError */
  tree(share: string): Promise<Smb1Tree>
  /** What comes back is what was sent. */
  echo(data?: Uint8Array): Promise<Uint8Array>
  /** Authenticates anew, as the same user in the same session; with extended security. */
  renew(): Promise<void>
  /** Logs off, and ends the connection. Never fails. */
  close(): Promise<void>
}
