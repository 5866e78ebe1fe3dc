import { bytes, struct, tail, u8, u16, u32 } from '../schema/index.ts'
import { andX } from './andx.ts'
import { Smb1Capabilities } from './negotiate.ts'
import { byText, type InferText } from './text.ts'

/** Bits of Action. MS-CIFS 2.2.4.53.2. */
export const Smb1SetupAction = { GUEST: 0x0001, LANMAN_KEY: 0x0002 } as const

const clientSays = {
  ...andX,
  maxBufferSize: u16,
  maxMpxCount: u16,
  vcNumber: u16.or(0),
  sessionKey: u32.hex.or(0),
} as const

/** With challenge and response. MS-CIFS 2.2.4.53.1. */
export const Smb1SessionSetupRequest = byText((text) =>
  struct('SMB1 SESSION_SETUP_ANDX Request', 'MS-CIFS 2.2.4.53.1', {
    wordCount: u8.fixed(13),
    ...clientSays,
    oemPasswordLength: u16.lengthOf('oemPassword'),
    unicodePasswordLength: u16.lengthOf('unicodePassword'),
    reserved: u32.reserved,
    capabilities: u32.flags(Smb1Capabilities),
    byteCount: u16.lengthOfRest,
    /** The LM response. */
    oemPassword: tail(bytes),
    /** The NTLM response, of either version. */
    unicodePassword: tail(bytes),
    accountName: text.aligned,
    primaryDomain: text.aligned,
    nativeOs: text.aligned,
    nativeLanMan: text.aligned,
  }),
)
export type Smb1SessionSetupRequest = InferText<typeof Smb1SessionSetupRequest>

/** With extended security. MS-SMB 2.2.4.6.1. */
export const Smb1SessionSetupExtendedRequest = byText((text) =>
  struct('SMB1 SESSION_SETUP_ANDX extended Request', 'MS-SMB 2.2.4.6.1', {
    wordCount: u8.fixed(12),
    ...clientSays,
    securityBlobLength: u16.lengthOf('securityBlob'),
    reserved: u32.reserved,
    capabilities: u32.flags(Smb1Capabilities),
    byteCount: u16.lengthOfRest,
    securityBlob: tail(bytes),
    nativeOs: text.aligned,
    nativeLanMan: text.aligned,
  }),
)
export type Smb1SessionSetupExtendedRequest = InferText<typeof Smb1SessionSetupExtendedRequest>

/** MS-CIFS 2.2.4.53.2. */
export const Smb1SessionSetupResponse = byText((text) =>
  struct('SMB1 SESSION_SETUP_ANDX Response', 'MS-CIFS 2.2.4.53.2', {
    wordCount: u8.fixed(3),
    ...andX,
    action: u16.flags(Smb1SetupAction),
    byteCount: u16.lengthOfRest,
    nativeOs: text.aligned,
    nativeLanMan: text.aligned,
    primaryDomain: text.aligned,
  }),
)
export type Smb1SessionSetupResponse = InferText<typeof Smb1SessionSetupResponse>

/** With extended security; also with STATUS_MORE_PROCESSING_REQUIRED. MS-SMB 2.2.4.6.2. */
export const Smb1SessionSetupExtendedResponse = byText((text) =>
  struct('SMB1 SESSION_SETUP_ANDX extended Response', 'MS-SMB 2.2.4.6.2', {
    wordCount: u8.fixed(4),
    ...andX,
    action: u16.flags(Smb1SetupAction),
    securityBlobLength: u16.lengthOf('securityBlob'),
    byteCount: u16.lengthOfRest,
    securityBlob: tail(bytes),
    nativeOs: text.aligned,
    nativeLanMan: text.aligned,
  }),
)
export type Smb1SessionSetupExtendedResponse = InferText<typeof Smb1SessionSetupExtendedResponse>
