/** How Wireshark calls the fields of our declarations. What is not here has no name there, or nobody asks for it. */
import type { FieldNode } from '../../wire/schema/index.ts'

type Names = Readonly<Record<string, string>>

/** Fields that have the same name in the body of each command of SMB2. */
const commonToBodies: Names = {
  additionalInformation: 'smb2.getsetinfo_additional',
  allocationSize: 'smb2.allocation_size',
  capabilities: 'smb2.capabilities',
  changeTime: 'smb2.last_change.time',
  channel: 'smb2.channel',
  createContextsLength: 'smb2.olb.length',
  createContextsOffset: 'smb2.olb.offset',
  creationTime: 'smb2.create.time',
  ctlCode: 'smb2.ioctl.function',
  endOfFile: 'smb2.eof',
  fileAttributes: 'smb2.file_attribute',
  fileId: 'smb2.fid',
  infoType: 'smb2.class',
  inputCount: 'smb2.olb.length',
  inputOffset: 'smb2.olb.offset',
  lastAccessTime: 'smb2.last_access.time',
  lastWriteTime: 'smb2.last_write.time',
  leaseDuration: 'smb2.lease.lease_duration',
  leaseKey: 'smb2.lease.lease_key',
  leaseState: 'smb2.lease.lease_state',
  negotiateContextCount: 'smb2.negotiate_context.count',
  negotiateContextOffset: 'smb2.negotiate_context.offset',
  oplockLevel: 'smb2.create.oplock',
  outputBufferLength: 'smb2.olb.length',
  outputBufferOffset: 'smb2.olb.offset',
  outputCount: 'smb2.olb.length',
  outputOffset: 'smb2.olb.offset',
  remainingBytes: 'smb2.remaining_bytes',
  securityBuffer: 'smb2.security_blob',
  securityBufferLength: 'smb2.olb.length',
  securityBufferOffset: 'smb2.olb.offset',
  securityMode: 'smb2.sec_mode',
  structureSize: 'smb2.buffer_code',
}

/** By structure, then by field. */
const byStructure: Readonly<Record<string, Names>> = {
  'AAPL server query Request': {
    command: 'smb2.aapl.command_code',
    requestBitmap: 'smb2.aapl.query_bitmask',
    clientCapabilities: 'smb2.aapl.caps',
  },
  ACCESS_ALLOWED_ACE: { mask: 'nt.access_mask', sid: 'nt.sid' },
  ACE_HEADER: { type: 'nt.ace.type', flags: 'nt.ace.flags', size: 'nt.ace.size' },
  ACL: { aclSize: 'nt.acl.size' },
  DFS_REFERRAL_V3: {
    versionNumber: 'smb.dfs.referral.version',
    size: 'smb.dfs.referral.size',
    serverType: 'smb.dfs.referral.server.type',
    referralEntryFlags: 'smb.dfs.referral.flags',
    timeToLive: 'smb.dfs.referral.ttl',
    dfsPathOffset: 'smb.dfs.referral.path_offset',
    dfsAlternatePathOffset: 'smb.dfs.referral.alt_path_offset',
    networkAddressOffset: 'smb.dfs.referral.node_offset',
    serviceSiteGuid: 'smb.dfs.referral.server_guid',
    dfsPath: 'smb.dfs.referral.path',
    dfsAlternatePath: 'smb.dfs.referral.alt_path',
    networkAddress: 'smb.dfs.referral.node',
  },
  FILE_NOTIFY_INFORMATION: {
    nextEntryOffset: 'smb2.notify.next_offset',
    action: 'smb2.notify.action',
    fileNameLength: 'smb2.filename.len',
    fileName: 'smb2.filename',
  },
  FILE_OBJECTID_BUFFER_1: {
    objectId: 'smb2.object_id',
    birthVolumeId: 'smb2.birth_volume_id',
    birthObjectId: 'smb2.birth_object_id',
    domainId: 'smb2.domain_id',
  },
  FILE_STREAM_INFORMATION: {
    nextEntryOffset: 'smb.next_entry_offset',
    streamNameLength: 'smb.stream_name_len',
    streamSize: 'smb.stream_size',
    streamAllocationSize: 'smb.alloc_size64',
    streamName: 'smb.stream_name',
  },
  FileAccessInformation: { accessFlags: 'smb.access_mask' },
  FileAlignmentInformation: { alignmentRequirement: 'smb2.alignment_info' },
  FileAllInformation: {
    internal: 'smb2.file_id',
    ea: 'smb2.ea_size',
    access: 'smb.access_mask',
    position: 'smb2.position_info',
    mode: 'smb2.mode_info',
    alignment: 'smb2.alignment_info',
    fileNameLength: 'smb2.filename.len',
    fileName: 'smb2.filename',
  },
  FileAllocationInformation: { allocationSize: 'smb.alloc_size64' },
  FileAlternateNameInformation: { fileNameLength: 'smb.file_name_len', fileName: 'smb.file' },
  FileBasicInformation: {
    creationTime: 'smb2.create.time',
    lastAccessTime: 'smb2.last_access.time',
    lastWriteTime: 'smb2.last_write.time',
    changeTime: 'smb2.last_change.time',
    fileAttributes: 'smb2.file_attribute',
  },
  FileBothDirectoryInformation: {
    nextEntryOffset: 'smb2.next_offset',
    fileIndex: 'smb2.file_index',
    creationTime: 'smb2.create.time',
    lastAccessTime: 'smb2.last_access.time',
    lastWriteTime: 'smb2.last_write.time',
    changeTime: 'smb2.last_change.time',
    endOfFile: 'smb2.eof',
    allocationSize: 'smb2.allocation_size',
    fileAttributes: 'smb2.file_attribute',
    fileNameLength: 'smb2.filename.len',
    eaSize: 'smb2.ea_size',
    fileName: 'smb2.filename',
  },
  FileDirectoryInformation: {
    nextEntryOffset: 'smb2.next_offset',
    fileIndex: 'smb2.file_index',
    creationTime: 'smb2.create.time',
    lastAccessTime: 'smb2.last_access.time',
    lastWriteTime: 'smb2.last_write.time',
    changeTime: 'smb2.last_change.time',
    endOfFile: 'smb2.eof',
    allocationSize: 'smb2.allocation_size',
    fileAttributes: 'smb2.file_attribute',
    fileNameLength: 'smb2.filename.len',
    fileName: 'smb2.filename',
  },
  FileDispositionInformation: { deletePending: 'smb2.disposition.delete_on_close' },
  FileEaInformation: { eaSize: 'smb2.ea_size' },
  FileEndOfFileInformation: { endOfFile: 'smb2.eof' },
  FileFsAttributeInformation: {
    fileSystemAttributes: 'smb.fs_attr',
    maximumComponentNameLength: 'smb.fs_max_name_len',
    fileSystemNameLength: 'smb.fs_name.len',
    fileSystemName: 'smb.fs_name',
  },
  FileFsSizeInformation: {
    totalAllocationUnits: 'smb.alloc_size64',
    availableAllocationUnits: 'smb.free_alloc_units',
    sectorsPerAllocationUnit: 'smb.fs_sector_per_unit',
    bytesPerSector: 'smb.fs_bytes_per_sector',
  },
  FileFsVolumeInformation: {
    volumeCreationTime: 'smb.create.time',
    volumeSerialNumber: 'smb.volume.serial',
    volumeLabelLength: 'smb.volume.label.len',
    volumeLabel: 'smb.volume.label',
  },
  FileFullDirectoryInformation: {
    nextEntryOffset: 'smb2.next_offset',
    fileIndex: 'smb2.file_index',
    creationTime: 'smb2.create.time',
    lastAccessTime: 'smb2.last_access.time',
    lastWriteTime: 'smb2.last_write.time',
    changeTime: 'smb2.last_change.time',
    endOfFile: 'smb2.eof',
    allocationSize: 'smb2.allocation_size',
    fileAttributes: 'smb2.file_attribute',
    fileNameLength: 'smb2.filename.len',
    eaSize: 'smb2.ea_size',
    fileName: 'smb2.filename',
  },
  FileIdBothDirectoryInformation: {
    nextEntryOffset: 'smb2.next_offset',
    fileIndex: 'smb2.file_index',
    creationTime: 'smb2.create.time',
    lastAccessTime: 'smb2.last_access.time',
    lastWriteTime: 'smb2.last_write.time',
    changeTime: 'smb2.last_change.time',
    endOfFile: 'smb2.eof',
    allocationSize: 'smb2.allocation_size',
    fileAttributes: 'smb2.file_attribute',
    fileNameLength: 'smb2.filename.len',
    eaSize: 'smb2.ea_size',
    fileId: 'smb2.file_id',
    fileName: 'smb2.filename',
  },
  FileIdFullDirectoryInformation: {
    nextEntryOffset: 'smb2.next_offset',
    fileIndex: 'smb2.file_index',
    creationTime: 'smb2.create.time',
    lastAccessTime: 'smb2.last_access.time',
    lastWriteTime: 'smb2.last_write.time',
    changeTime: 'smb2.last_change.time',
    endOfFile: 'smb2.eof',
    allocationSize: 'smb2.allocation_size',
    fileAttributes: 'smb2.file_attribute',
    fileNameLength: 'smb2.filename.len',
    eaSize: 'smb2.ea_size',
    fileId: 'smb2.file_id',
    fileName: 'smb2.filename',
  },
  FileInternalInformation: { indexNumber: 'smb2.file_id' },
  FileModeInformation: { mode: 'smb2.mode_info' },
  FileNamesInformation: {
    nextEntryOffset: 'smb2.next_offset',
    fileIndex: 'smb2.file_index',
    fileNameLength: 'smb2.filename.len',
    fileName: 'smb2.filename',
  },
  FileNetworkOpenInformation: {
    creationTime: 'smb.create.time',
    lastAccessTime: 'smb.access.time',
    lastWriteTime: 'smb.last_write.time',
    changeTime: 'smb.change.time',
    allocationSize: 'smb.alloc_size64',
    endOfFile: 'smb.end_of_file',
    fileAttributes: 'smb.file_attribute',
  },
  FileNormalizedNameInformation: { fileNameLength: 'smb.file_name_len', fileName: 'smb.file' },
  FilePositionInformation: { currentByteOffset: 'smb2.position_info' },
  FileRenameInformation: {
    replaceIfExists: 'smb2.rename.replace_if',
    rootDirectory: 'smb2.root_directory',
    fileNameLength: 'smb2.filename.len',
    fileName: 'smb2.filename',
  },
  FileStandardInformation: {
    allocationSize: 'smb2.allocation_size',
    endOfFile: 'smb2.eof',
    numberOfLinks: 'smb2.nlinks',
    deletePending: 'smb2.delete_pending',
    directory: 'smb2.is_directory',
  },
  NETWORK_INTERFACE_INFO: {
    next: 'smb2.ioctl.network_interfaces.next_offset',
    ifIndex: 'smb2.ioctl.network_interfaces.index',
    capability: 'smb2.ioctl.network_interfaces.capabilities',
    linkSpeed: 'smb2.ioctl.network_interfaces.link_speed',
  },
  REQ_GET_DFS_REFERRAL: { maxReferralLevel: 'smb.max_referral_level', requestFileName: 'smb.file' },
  RESP_GET_DFS_REFERRAL: { pathConsumed: 'smb.dfs.path_consumed', numberOfReferrals: 'smb.dfs.num_referrals' },
  SECURITY_DESCRIPTOR: {
    control: 'nt.sec_desc.type',
    offsetOwner: 'nt.offset_to_owner_sid',
    offsetGroup: 'nt.offset_to_group_sid',
    offsetSacl: 'nt.offset_to_sacl',
    offsetDacl: 'nt.offset_to_dacl',
    owner: 'nt.sid',
    group: 'nt.sid',
  },
  'SMB2 CHANGE_NOTIFY Request': {
    flags: 'smb2.notify.flags',
    outputBufferLength: 'smb2.output_buffer_len',
    completionFilter: 'smb.nt.notify.completion_filter',
  },
  'SMB2 CLOSE Request': { flags: 'smb2.close.flags' },
  'SMB2 CLOSE Response': { flags: 'smb2.close.flags' },
  'SMB2 COMPRESSION_TRANSFORM_HEADER': {
    originalCompressedSegmentSize: 'smb2.header.comp_transform.original_size',
    compressionAlgorithm: 'smb2.header.comp_transform.comp_alg',
    flags: 'smb2.header.comp_transform.flags',
    offset: 'smb2.header.comp_transform.offset',
  },
  'SMB2 CREATE Request': {
    requestedOplockLevel: 'smb2.create.oplock',
    impersonationLevel: 'smb2.impersonation.level',
    smbCreateFlags: 'smb2.create_flags',
    desiredAccess: 'smb.access_mask',
    shareAccess: 'smb.share_access',
    createDisposition: 'smb2.create.disposition',
    createOptions: 'smb.create_options',
    name: 'smb2.filename',
  },
  'SMB2 CREATE Response': { flags: 'smb2.create.rep_flags', createAction: 'smb2.create.action' },
  'SMB2 ERROR Response': { errorContextCount: 'smb2.error.context_count', byteCount: 'smb2.error.byte_count' },
  'SMB2 IOCTL Request': {
    maxInputResponse: 'smb2.max_ioctl_in_size',
    maxOutputResponse: 'smb2.max_ioctl_out_size',
    flags: 'smb2.ioctl.flags',
  },
  'SMB2 IOCTL Response': { flags: 'smb2.ioctl.flags' },
  'SMB2 LOCK Request': { lockCount: 'smb2.lock_count' },
  'SMB2 Lease Break Acknowledgment': { flags: 'smb2.lease.lease_flags' },
  'SMB2 Lease Break Notification': {
    newEpoch: 'smb2.lease.lease_oplock',
    flags: 'smb2.lease.lease_flags',
    currentLeaseState: 'smb2.lease.lease_state',
    newLeaseState: 'smb2.lease.lease_state',
    breakReason: 'smb2.lease.lease_break_reason',
    accessMaskHint: 'smb2.lease.access_mask_hint',
    shareMaskHint: 'smb2.lease.share_mask_hint',
  },
  'SMB2 Lease Break Response': { flags: 'smb2.lease.lease_flags' },
  'SMB2 NEGOTIATE Request': {
    dialectCount: 'smb2.dialect_count',
    clientGuid: 'smb2.client_guid',
    dialects: 'smb2.dialect',
  },
  'SMB2 NEGOTIATE Response': {
    dialectRevision: 'smb2.dialect',
    serverGuid: 'smb2.server_guid',
    maxTransactSize: 'smb2.max_trans_size',
    maxReadSize: 'smb2.max_read_size',
    maxWriteSize: 'smb2.max_write_size',
    systemTime: 'smb2.current_time',
    serverStartTime: 'smb2.boot_time',
  },
  'SMB2 NEGOTIATE_CONTEXT': {
    contextType: 'smb2.negotiate_context.type',
    dataLength: 'smb2.negotiate_context.data_length',
  },
  'SMB2 QUERY_DIRECTORY Request': {
    fileInformationClass: 'smb2.find.infolevel',
    flags: 'smb2.find.flags',
    fileIndex: 'smb2.file_index',
    outputBufferLength: 'smb2.output_buffer_len',
    fileName: 'smb2.find.pattern',
  },
  'SMB2 QUERY_INFO Request': {
    outputBufferLength: 'smb2.max_response_size',
    inputBufferOffset: 'smb2.getinfo_input_offset',
    inputBufferLength: 'smb2.getinfo_input_size',
    flags: 'smb2.getinfo_flags',
  },
  'SMB2 READ Request': {
    padding: 'smb2.read_padding',
    flags: 'smb2.read_flags',
    length: 'smb2.read_length',
    offset: 'smb2.file_offset',
    minimumCount: 'smb2.min_count',
    readChannelInfoOffset: 'smb2.olb.offset',
    readChannelInfoLength: 'smb2.olb.length',
  },
  'SMB2 READ Response': {
    dataOffset: 'smb2.olb.offset',
    dataLength: 'smb2.olb.length',
    dataRemaining: 'smb2.read_remaining',
    data: 'smb2.read_data',
  },
  'SMB2 SESSION_SETUP Request': { flags: 'smb2.ses_req_flags', previousSessionId: 'smb2.previous_sesid' },
  'SMB2 SESSION_SETUP Response': { sessionFlags: 'smb2.session_flags' },
  'SMB2 SET_INFO Request': { bufferLength: 'smb2.setinfo_size', bufferOffset: 'smb2.setinfo_offset' },
  'SMB2 TRANSFORM_HEADER': {
    protocolId: 'smb2.protocol_id',
    signature: 'smb2.header.transform.signature',
    nonce: 'smb2.header.transform.nonce',
    originalMessageSize: 'smb2.header.transform.msg_size',
    flags: 'smb2.header.transform.flags',
    sessionId: 'smb2.sesid',
  },
  'SMB2 TREE_CONNECT Request': { flags: 'smb2.tc.flags', path: 'smb2.tree' },
  'SMB2 TREE_CONNECT Request (extended)': { flags: 'smb2.tc.flags', path: 'smb2.tree' },
  'SMB2 TREE_CONNECT Response': {
    shareType: 'smb2.share_type',
    shareFlags: 'smb2.share_flags',
    capabilities: 'smb2.share_caps',
    maximalAccess: 'smb.access_mask',
  },
  'SMB2 WRITE Request': {
    dataOffset: 'smb2.data_offset',
    length: 'smb2.write_length',
    offset: 'smb2.file_offset',
    writeChannelInfoOffset: 'smb2.olb.offset',
    writeChannelInfoLength: 'smb2.olb.length',
    flags: 'smb2.write.flags',
    data: 'smb2.write_data',
  },
  'SMB2 WRITE Response': {
    count: 'smb2.write.count',
    remaining: 'smb2.write.remaining',
    writeChannelInfoOffset: 'smb2.channel_info_offset',
    writeChannelInfoLength: 'smb2.channel_info_length',
  },
  'SMB2 header': {
    protocolId: 'smb2.protocol_id',
    structureSize: 'smb2.header_len',
    creditCharge: 'smb2.credit.charge',
    command: 'smb2.cmd',
    flags: 'smb2.flags',
    nextCommand: 'smb2.chain_offset',
    messageId: 'smb2.msg_id',
    processId: 'smb2.pid',
    treeId: 'smb2.tid',
    sessionId: 'smb2.sesid',
    signature: 'smb2.signature',
    credits: 'smb2.credits.granted',
    status: 'smb2.nt_status',
  },
  'SMB2 header (async)': {
    protocolId: 'smb2.protocol_id',
    structureSize: 'smb2.header_len',
    creditCharge: 'smb2.credit.charge',
    command: 'smb2.cmd',
    flags: 'smb2.flags',
    nextCommand: 'smb2.chain_offset',
    messageId: 'smb2.msg_id',
    asyncId: 'smb2.aid',
    sessionId: 'smb2.sesid',
    signature: 'smb2.signature',
    credits: 'smb2.credits.granted',
    status: 'smb2.nt_status',
  },
  SMB2_COMPRESSION_CAPABILITIES: {
    compressionAlgorithmCount: 'smb2.negotiate_context.comp_alg_count',
    flags: 'smb2.negotiate_context.comp_alg_flags',
  },
  SMB2_CREATE_ALLOCATION_SIZE: { allocationSize: 'smb2.allocation_size' },
  SMB2_CREATE_CONTEXT: {
    next: 'smb2.create.chain_offset',
    dataOffset: 'smb2.olb.offset',
    dataLength: 'smb2.olb.length',
    name: 'smb2.tag',
  },
  SMB2_CREATE_DURABLE_HANDLE_REQUEST_V2: {
    timeout: 'smb2.dh2x.timeout',
    flags: 'smb2.dh2x.flags',
    createGuid: 'smb2.dh2x.create_guid',
  },
  SMB2_CREATE_DURABLE_HANDLE_RESPONSE_V2: { timeout: 'smb2.dh2x.timeout', flags: 'smb2.dh2x.flags' },
  SMB2_CREATE_QUERY_MAXIMAL_ACCESS_RESPONSE: { queryStatus: 'smb2.mxac_status', maximalAccess: 'smb.access_mask' },
  SMB2_CREATE_REQUEST_LEASE: {
    leaseKey: 'smb2.lease.lease_key',
    leaseState: 'smb2.lease.lease_state',
    leaseFlags: 'smb2.lease.lease_flags',
    leaseDuration: 'smb2.lease.lease_duration',
  },
  SMB2_CREATE_REQUEST_LEASE_V2: {
    leaseKey: 'smb2.lease.lease_key',
    leaseState: 'smb2.lease.lease_state',
    leaseFlags: 'smb2.lease.lease_flags',
    leaseDuration: 'smb2.lease.lease_duration',
    parentLeaseKey: 'smb2.lease.parent_lease_key',
    epoch: 'smb2.lease.lease_oplock',
  },
  SMB2_ENCRYPTION_CAPABILITIES: {
    cipherCount: 'smb2.negotiate_context.cipher_count',
    ciphers: 'smb2.negotiate_context.cipher_id',
  },
  SMB2_LOCK_ELEMENT: { offset: 'smb2.file_offset', length: 'smb2.lock_length', flags: 'smb2.lock_flags' },
  SMB2_NETNAME_NEGOTIATE_CONTEXT_ID: { netName: 'smb2.negotiate_context.netname' },
  SMB2_PREAUTH_INTEGRITY_CAPABILITIES: {
    hashAlgorithmCount: 'smb2.negotiate_context.hash_alg_count',
    saltLength: 'smb2.negotiate_context.salt_length',
    hashAlgorithms: 'smb2.negotiate_context.hash_algorithm',
    salt: 'smb2.negotiate_context.salt',
  },
  SMB2_SIGNING_CAPABILITIES: {
    signingAlgorithmCount: 'smb2.negotiate_context.signing_alg_count',
    signingAlgorithms: 'smb2.negotiate_context.signing_id',
  },
  SMB2_TRANSPORT_CAPABILITIES: { flags: 'smb2.negotiate_context.transport_flags' },
  'SRV_REQUEST_RESUME_KEY Response': { resumeKey: 'smb2.fsctl.cchunk.resume_key' },
  'VALIDATE_NEGOTIATE_INFO Request': {
    securityMode: 'smb2.sec_mode',
    dialects: 'smb2.dialect',
    capabilities: 'smb2.capabilities',
    guid: 'smb2.client_guid',
    dialectCount: 'smb2.dialect_count',
  },
  'VALIDATE_NEGOTIATE_INFO Response': {
    securityMode: 'smb2.sec_mode',
    capabilities: 'smb2.capabilities',
    guid: 'smb2.server_guid',
    dialect: 'smb2.dialect',
  },
}
/** Fields of SMB1, of the header and of commands. */
const smb1: Names = {
  command: 'smb.cmd',
  andXCommand: 'smb.cmd',
  andXOffset: 'smb.andxoffset',
  status: 'smb.nt_status',
  flags2: 'smb.flags2',
  pidHigh: 'smb.pid.high',
  securityFeatures: 'smb.signature',
  tid: 'smb.tid',
  pidLow: 'smb.pid',
  uid: 'smb.uid',
  mid: 'smb.mid',
  wordCount: 'smb.wct',
  byteCount: 'smb.bcc',
  fid: 'smb.fid',
  name: 'smb.file',
  newName: 'smb.file',
  path: 'smb.path',
  service: 'smb.service',
  desiredAccess: 'smb.access_mask',
  shareAccess: 'smb.share_access',
  createDisposition: 'smb.create.disposition',
  createOptions: 'smb.create_options',
  createAction: 'smb.create.action',
  creationTime: 'smb.create.time',
  lastAccessTime: 'smb.access.time',
  lastWriteTime: 'smb.last_write.time',
  changeTime: 'smb.change.time',
  fileAttributes: 'smb.file_attribute',
  allocationSize: 'smb.alloc_size64',
  endOfFile: 'smb.end_of_file',
  offset: 'smb.offset',
  maxCount: 'smb.maxcount_low',
  minCount: 'smb.mincount',
  remaining: 'smb.remaining',
  dataLength: 'smb.data_len_low',
  dataLengthHigh: 'smb.data_len_high',
  dataOffset: 'smb.data_offset',
  typeOfLock: 'smb.lock.type',
  numberOfRequestedLocks: 'smb.locking.num_locks',
  numberOfRequestedUnlocks: 'smb.locking.num_unlocks',
  transactionName: 'smb.trans_name',
  setup: 'smb.trans2.cmd',
  totalParameterCount: 'smb.tpc',
  totalDataCount: 'smb.tdc',
  maxParameterCount: 'smb.mpc',
  maxDataCount: 'smb.mdc',
  parameterCount: 'smb.pc',
  parameterOffset: 'smb.po',
  dataCount: 'smb.dc',
  setupCount: 'smb.sc',
  timeout: 'smb.timeout',
  maxBufferSize: 'smb.max_bufsize',
  maxMpxCount: 'smb.max_mpx_count',
  sessionKey: 'smb.session_key',
  capabilities: 'smb.server_cap',
  dialectIndex: 'smb.dialect.index',
  serverGuid: 'smb.server_guid',
  securityBlob: 'smb.security_blob',
  securityBlobLength: 'smb.security_blob_len',
  accountName: 'smb.account',
  primaryDomain: 'smb.primary_domain',
  nativeOs: 'smb.native_os',
  nativeLanMan: 'smb.native_lanman',
  nativeFileSystem: 'smb.native_fs',
  echoCount: 'smb.echo.count',
  sequenceNumber: 'smb.echo.seq_num',
}
/** In the parameters of TRANSACTION2. */
const smb1Trans2: Names = {
  fileName: 'smb.file',
  searchAttributes: 'smb.search.attribute',
  searchCount: 'smb.search_count',
  flags: 'smb.find_first2.flags',
  fid: 'smb.fid',
  informationLevel: 'smb.qpi_loi',
}

/** Fields of NTLMSSP; some are called otherwise in NEGOTIATE. */
const ntlmssp: Names = {
  signature: 'ntlmssp.identifier',
  messageType: 'ntlmssp.messagetype',
  negotiateFlags: 'ntlmssp.negotiateflags',
  serverChallenge: 'ntlmssp.ntlmserverchallenge',
  targetName: 'ntlmssp.challenge.target_name',
  domainName: 'ntlmssp.auth.domain',
  userName: 'ntlmssp.auth.username',
  workstation: 'ntlmssp.auth.hostname',
  lmResponse: 'ntlmssp.auth.lmresponse',
  ntResponse: 'ntlmssp.auth.ntresponse',
  encryptedRandomSessionKey: 'ntlmssp.auth.sesskey',
  mic: 'ntlmssp.authenticate.mic',
  major: 'ntlmssp.version.major',
  minor: 'ntlmssp.version.minor',
  build: 'ntlmssp.version.build_number',
  revision: 'ntlmssp.version.ntlm_current_revision',
}
const ntlmsspNegotiate: Names = {
  domainName: 'ntlmssp.negotiate.domain',
  workstation: 'ntlmssp.negotiate.callingworkstation',
}

const spnego: Names = {
  thisMech: 'spnego.thisMech',
  mechType: 'spnego.MechType',
  mechToken: 'spnego.mechToken',
  negState: 'spnego.negResult',
  supportedMech: 'spnego.supportedMech',
  responseToken: 'spnego.responseToken',
  mechListMIC: 'spnego.mechListMIC',
  hintName: 'spnego.hintName',
}

const kerberos: Names = {
  tokenId: 'spnego.krb5.tok_id',
  pvno: 'kerberos.pvno',
  msgType: 'kerberos.msg_type',
  realm: 'kerberos.realm',
  crealm: 'kerberos.crealm',
  tktVno: 'kerberos.tkt_vno',
  nameType: 'kerberos.name_type',
  etype: 'kerberos.etype',
  kvno: 'kerberos.kvno',
  cipher: 'kerberos.cipher',
  padataType: 'kerberos.padata_type',
  padataValue: 'kerberos.padata_value',
  kdcOptions: 'kerberos.kdc_options',
  apOptions: 'kerberos.ap_options',
  from: 'kerberos.from',
  till: 'kerberos.till',
  rtime: 'kerberos.rtime',
  nonce: 'kerberos.nonce',
  addressType: 'kerberos.addr_type',
  address: 'kerberos.address',
  ctime: 'kerberos.ctime',
  cusec: 'kerberos.cusec',
  stime: 'kerberos.stime',
  susec: 'kerberos.susec',
  errorCode: 'kerberos.error_code',
  eText: 'kerberos.e_text',
  eData: 'kerberos.e_data',
  salt: 'kerberos.info2_salt',
  s2kparams: 'kerberos.s2kparams',
  includePac: 'kerberos.include_pac',
  ntStatus: 'kerberos.smb.nt_status',
  cksumtype: 'kerberos.cksumtype',
  checksum: 'kerberos.checksum',
  armorType: 'kerberos.armor_type',
  armorValue: 'kerberos.armor_value',
}
/** What has no label of its own is named by what it stands in. */
const kerberosElements: Readonly<Record<string, string>> = {
  cname: 'kerberos.CNameString',
  sname: 'kerberos.SNameString',
  etype: 'kerberos.ENCTYPE',
}

const dcerpc: Names = {
  version: 'dcerpc.ver',
  versionMinor: 'dcerpc.ver_minor',
  packetType: 'dcerpc.pkt_type',
  flags: 'dcerpc.cn_flags',
  fragmentLength: 'dcerpc.cn_frag_len',
  authLength: 'dcerpc.cn_auth_len',
  callId: 'dcerpc.cn_call_id',
  maxTransmitFragment: 'dcerpc.cn_max_xmit',
  maxReceiveFragment: 'dcerpc.cn_max_recv',
  associationGroupId: 'dcerpc.cn_assoc_group',
  contextCount: 'dcerpc.cn_num_ctx_items',
  contextId: 'dcerpc.cn_ctx_id',
  resultCount: 'dcerpc.cn_num_results',
  result: 'dcerpc.cn_ack_result',
  reason: 'dcerpc.cn_ack_reason',
  secondaryAddress: 'dcerpc.cn_sec_addr',
  allocationHint: 'dcerpc.cn_alloc_hint',
  operationNumber: 'dcerpc.opnum',
  object: 'dcerpc.obj_id',
  cancelCount: 'dcerpc.cn_cancel_count',
  status: 'dcerpc.cn_status',
  uuid: 'dcerpc.cn_bind_to_uuid',
  versionMajor: 'dcerpc.cn_bind_if_ver',
  authenticationType: 'dcerpc.auth_type',
  authenticationLevel: 'dcerpc.auth_level',
  padLength: 'dcerpc.auth_pad_len',
}

const sessionPacket: Names = {
  type: 'nbss.type',
  length: 'nbss.length',
  errorCode: 'nbss.error_code',
  port: 'nbss.retarget_port',
}

const datagram: Names = {
  messageType: 'nbdgm.type',
  flags: 'nbdgm.flags',
  datagramId: 'nbdgm.dgram_id',
  sourceAddress: 'nbdgm.src.ip',
  sourcePort: 'nbdgm.src.port',
  datagramLength: 'nbdgm.dgram_len',
  packetOffset: 'nbdgm.pkt_offset',
  sourceName: 'nbdgm.source_name',
  destinationName: 'nbdgm.destination_name',
}
const browser: Names = {
  command: 'browser.command',
  updateCount: 'browser.update_count',
  periodicity: 'browser.period',
  serverName: 'browser.server',
  osVersionMajor: 'browser.os_major',
  osVersionMinor: 'browser.os_minor',
  serverType: 'browser.server_type',
  browserVersionMajor: 'browser.proto_major',
  browserVersionMinor: 'browser.proto_minor',
  signature: 'browser.sig',
  comment: 'browser.comment',
}
const nameService: Names = {
  transactionId: 'nbns.id',
  flags: 'nbns.flags',
  questionCount: 'nbns.count.queries',
  answerCount: 'nbns.count.answers',
  authorityCount: 'nbns.count.auth_rr',
  additionalCount: 'nbns.count.add_rr',
  name: 'nbns.name',
  type: 'nbns.type',
  class: 'nbns.class',
  timeToLive: 'nbns.ttl',
  dataLength: 'nbns.data_length',
}

/** In requests: what the client asks for stands where answers say what is granted. MS-SMB2 2.2.1.2. */
const inRequests: Names = {
  'smb2.credits.granted': 'smb2.credits.requested',
  'smb2.nt_status': 'smb2.channel_sequence',
}

/** QUERY_INFO and SET_INFO: what the class means depends on the type of information. MS-SMB2 2.2.37. */
export const classNames: Readonly<Record<number, string>> = {
  1: 'smb2.file_info.infolevel',
  2: 'smb2.fs_info.infolevel',
  3: 'smb2.sec_info.infolevel',
  4: 'smb2.quota_info.infolevel',
}

/** All names that the tables have. */
export const allNames: readonly string[] = [
  ...[
    commonToBodies,
    ...Object.values(byStructure),
    ntlmssp,
    ntlmsspNegotiate,
    spnego,
    kerberos,
    dcerpc,
    sessionPacket,
  ],
  kerberosElements,
  classNames,
].flatMap((names) => Object.values(names))

/** The protocol that a structure belongs to, where it is one of its own in Wireshark. */
export function protocolOf(path: string): string | undefined {
  if (path.startsWith('SMB')) return undefined
  if (path === 'Browser') return 'browser'
  if (path.startsWith('NTLMSSP')) return 'ntlmssp'
  if (path.startsWith('SPNEGO')) return 'spnego'
  if (path.startsWith('GSS Kerberos') || /^(?:AS|TGS|AP|KRB)-/.test(path)) return 'kerberos'
  return undefined
}

/** Wireshark's name of a node, which stands below those named by `parents`; undefined where it has none. */
export function wiresharkName(node: FieldNode, fromServer: boolean, parents: readonly FieldNode[]): string | undefined {
  const { label, path } = node
  const parent = parents.at(-1)
  const structure = path.slice(0, path.length - label.length - 1)
  const own = byStructure[structure]?.[label]
  if (own !== undefined) return fromServer ? own : (inRequests[own] ?? own)
  // The list of what a client asks for is named by its elements.
  if (label === 'etype' && Array.isArray(node.value)) return undefined
  if (label === 'channelSequence') return 'smb2.channel_sequence'
  if (label === 'fileInfoClass') return classNames[typeOf(parent)]
  if (structure.startsWith('SMB2 ')) return commonToBodies[label]
  if (structure === 'SMB1 header' && label === 'flags') return 'smb.flags'
  if (parent?.label.startsWith('TRANS2_FIND') === true && label === 'informationLevel') return 'smb.ff2_loi'
  if (parent?.label.startsWith('TRANS2_') === true) return smb1Trans2[label]
  if (structure.startsWith('SMB1 ')) return isElsewhere(label, parent) ? undefined : smb1[label]
  if (structure.startsWith('NTLMSSP NEGOTIATE')) return ntlmsspNegotiate[label] ?? ntlmssp[label]
  if (structure.startsWith('NTLMSSP')) return ntlmssp[label]
  if (structure === 'SPNEGO') return spnego[label]
  if (structure.startsWith('NetBIOS session')) return sessionPacket[label]
  if (structure === 'NetBIOS datagram') return datagram[label]
  if (structure === 'HostAnnouncement') return browser[label]
  if (structure.startsWith('NetBIOS name')) return nameService[label]
  if (structure === 'Syntax') return parent?.label === 'abstractSyntax' ? dcerpc[label] : undefined
  if (node.spec.startsWith('C706') || node.spec.startsWith('MS-RPCE')) return dcerpc[label]
  if (node.spec.startsWith('RFC') || node.spec.startsWith('MS-KILE')) return kerberos[label]
  // The elements of a list of names or numbers in a message of Kerberos.
  if (node.children.length > 0) return undefined
  for (const { label: outer } of parents.slice(-2).toReversed())
    if (kerberosElements[outer] !== undefined) return kerberosElements[outer]
  return undefined
}

/** Words of SMB1 that have their name in one command alone. */
const onlyIn: Names = { setup: 'SMB1 TRANSACTION2 Request', maxBufferSize: 'SMB1 NEGOTIATE Response' }
const isElsewhere = (label: string, parent: FieldNode | undefined): boolean =>
  onlyIn[label] !== undefined && parent?.label !== onlyIn[label]

const typeOf = (body: FieldNode | undefined): number => {
  const value = body?.children.find(({ label }) => label === 'infoType')?.value
  return typeof value === 'number' ? value : 0
}
