import { bytes, type Infer, optionalTail, struct, u16, u32 } from '../schema/index.ts'
import { NotificationType } from './constants.ts'

/** SMB2 SERVER_TO_CLIENT_NOTIFICATION. MS-SMB2 2.2.44.1. */
export const ServerToClientNotification = struct('SMB2 SERVER_TO_CLIENT_NOTIFICATION', '2.2.44.1', {
  structureSize: u16.fixed(4),
  reserved: u16.reserved,
  notificationType: u32.oneOf(NotificationType),
  notification: optionalTail(bytes, new Uint8Array(4)),
})
export type ServerToClientNotification = Infer<typeof ServerToClientNotification>

/** SMB2_NOTIFY_SESSION_CLOSED. MS-SMB2 2.2.44.2. */
export const NotifySessionClosed = struct('SMB2_NOTIFY_SESSION_CLOSED', '2.2.44.2', {
  reserved: u32.reserved,
})
export type NotifySessionClosed = Infer<typeof NotifySessionClosed>
