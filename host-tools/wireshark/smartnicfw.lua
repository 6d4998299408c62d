-- Wireshark dissector for the records of a SmartNicFw trace (`smartnic trace`), in packets of LINKTYPE_USER0.
-- Put it into the folder of personal Lua plugins (Help, About, Folders), or: tshark -X lua_script:smartnicfw.lua -r FILE.pcapng
-- The format stands in emulator/trace/README.md. Whatever the bytes are, nothing here reads beyond them.

local HEAD_BYTES = 0x18
local VERSION = 1
local NONE = 0xFFFF
local INFERRED = 1

local KINDS = {
  [1] = "Start", [2] = "Lost", [3] = "Link event",
  [16] = "Configuration request", [17] = "Configuration completion", [18] = "BAR request", [19] = "BAR completion",
  [20] = "Doorbell", [21] = "MSI-X message", [22] = "DMA", [23] = "Bus master",
  [32] = "Turn granted", [33] = "Turn refused", [34] = "Turn over", [35] = "Buffers used", [36] = "Ring broken", [37] = "DMA fault",
  [38] = "Queue started", [39] = "Queue stopped",
}
local ROLES = { [0] = "receive", [1] = "transmit", [2] = "control", [255] = "none" }
local STATUSES = { [0] = "SC", [1] = "UR", [2] = "RRS", [4] = "CA" }
local STATUS_NAMES = {
  [0] = "Successful Completion", [1] = "Unsupported Request", [2] = "Request Retry Status", [4] = "Completer Abort",
}
local HAL_STATUSES = { [0] = "Ok", [1] = "Busy", [2] = "Bad argument" }
local LINK_EVENTS = { [1] = "fundamental reset", [2] = "hot reset" }
local FAULTS = {
  [1] = "Completion Timeout", [2] = "poisoned completion", [3] = "Unsupported Request", [4] = "Completer Abort",
}
local ABSENT = { [NONE] = "none" }

-- Registers that every function has at the same place. PCI Local Bus 3.0, 6.1; PCI Express Base Specification 5.0, 7.5.1.
local CONFIG_REGISTERS = {
  [0x00] = "Device/Vendor ID", [0x04] = "Status/Command", [0x08] = "Class/Revision", [0x0C] = "BIST/Header Type",
  [0x10] = "BAR 0", [0x14] = "BAR 1", [0x18] = "BAR 2", [0x1C] = "BAR 3", [0x20] = "BAR 4", [0x24] = "BAR 5",
  [0x2C] = "Subsystem ID", [0x30] = "Expansion ROM", [0x34] = "Capabilities Pointer", [0x3C] = "Interrupt",
}

-- VIRTIO 1.4, 4.1.4.3.
local COMMON_REGISTERS = {
  [0x00] = "device_feature_select", [0x04] = "device_feature", [0x08] = "driver_feature_select", [0x0C] = "driver_feature",
  [0x10] = "config_msix_vector", [0x12] = "num_queues", [0x14] = "device_status", [0x15] = "config_generation",
  [0x16] = "queue_select", [0x18] = "queue_size", [0x1A] = "queue_msix_vector", [0x1C] = "queue_enable",
  [0x1E] = "queue_notify_off", [0x20] = "queue_desc", [0x24] = "queue_desc (high)", [0x28] = "queue_driver",
  [0x2C] = "queue_driver (high)", [0x30] = "queue_device", [0x34] = "queue_device (high)", [0x38] = "queue_notif_config_data",
  [0x3A] = "queue_reset", [0x3C] = "admin_queue_index", [0x3E] = "admin_queue_num",
}
local MSIX_REGISTERS = { [0] = "address", [4] = "address (high)", [8] = "data", [12] = "control" }

local proto = Proto("smartnicfw", "SmartNicFw trace record")
local fields = {}

local function field(name, kind, title, ...)
  fields[name] = ProtoField[kind]("smartnicfw." .. name, title, ...)
end

field("signature", "string", "Signature")
field("version", "uint8", "Version")
field("kind", "uint8", "Kind", base.DEC, KINDS)
field("length", "uint16", "Length")
field("function", "uint16", "Function", base.DEC, ABSENT)
field("pf", "uint16", "PF", base.DEC, ABSENT)
field("vf", "uint16", "VF", base.DEC, ABSENT)
field("name", "string", "Name")
field("queue", "uint16", "Queue", base.DEC, ABSENT)
field("role", "uint8", "Role of the queue", base.DEC, ROLES)
field("flags", "uint8", "Flags", base.HEX)
field("inferred", "bool", "Inferred, not seen", 8, nil, INFERRED)
field("number", "uint32", "Number")
field("info", "string", "In words")
field("rest", "bytes", "Fields of a later version")
field("start.pfs", "uint16", "PFs")
field("start.total_vfs", "uint16", "TotalVFs")
field("start.only", "uint16", "Only function", base.DEC, { [NONE] = "all" })
field("start.modelled", "bool", "Time of a modelled link", 16, nil, 1)
field("start.buffer", "uint32", "Room, bytes")
field("lost.count", "uint64", "Lost since the last such record")
field("lost.total", "uint64", "Lost since the beginning")
field("lost.since", "uint64", "First of them, ns")
field("link.event", "uint32", "Event", base.DEC, LINK_EVENTS)
field("config.rid", "uint16", "Routing ID", base.HEX)
field("config.requester", "uint16", "Requester ID", base.HEX)
field("config.tag", "uint16", "Tag")
field("config.register", "uint16", "Register", base.HEX)
field("config.enables", "uint8", "Byte enables", base.HEX)
field("config.write", "bool", "Write", 8, nil, 1)
field("config.type1", "bool", "Type 1", 8, nil, 2)
field("config.poisoned", "bool", "Poisoned", 8, nil, 4)
field("config.status", "uint8", "Completion status", base.DEC, STATUS_NAMES)
field("config.data", "uint32", "Data", base.HEX)
field("bar.bar", "uint8", "BAR")
field("bar.bytes", "uint8", "Bytes")
field("bar.write", "bool", "Write", 8, nil, 1)
field("bar.offset", "uint32", "Offset", base.HEX)
field("bar.data", "uint64", "Data", base.HEX)
field("msix.address", "uint64", "Message address", base.HEX)
field("msix.data", "uint32", "Message data", base.HEX)
field("dma.frames", "uint32", "Frames read")
field("dma.bytes", "uint32", "Bytes of them")
field("dma.copies", "uint32", "Frames written")
field("dma.copied", "uint32", "Bytes of them")
field("dma.reads", "uint32", "Memory read requests")
field("dma.writes", "uint32", "Memory writes")
field("dma.upstream", "uint32", "Bytes of TLPs towards the host")
field("dma.downstream", "uint32", "Bytes of TLPs towards the endpoint")
field("dma.credits", "uint32", "Posted data credits")
field("dma.mps", "uint16", "Max_Payload_Size")
field("dma.mrrs", "uint16", "Max_Read_Request_Size")
field("master.allowed", "bool", "May issue memory requests", 32, nil, 1)
field("turn.frames", "uint32", "Frames")
field("turn.bytes", "uint32", "Bytes")
field("turn.copied", "uint32", "Bytes of all copies")
field("turn.more", "bool", "Has more", 32, nil, 1)
field("turn.blocked", "bool", "Blocked", 32, nil, 2)
field("turn.read_credits", "uint32", "Bytes that may still be read")
field("turn.write_credits", "uint32", "Bytes that may still be written")
field("turn.under_way", "uint16", "Turns of the function under way")
field("turn.under_way_total", "uint16", "Turns under way")
field("turn.group", "uint16", "Rate group")
field("turn.weight", "uint16", "Weight")
field("turn.priority", "uint8", "Priority (802.1p)")
field("turn.class", "uint8", "Class")
field("turn.status", "uint32", "Status", base.DEC, HAL_STATUSES)
field("used.frames", "uint32", "Frames")
field("fault", "uint32", "Fault", base.DEC, FAULTS)
field("queue_start.size", "uint32", "Entries")
field("queue_start.status", "uint32", "Status", base.DEC, HAL_STATUSES)
field("queue_start.features", "uint64", "Features", base.HEX)
field("queue_start.desc", "uint64", "Descriptor area", base.HEX)
field("queue_start.driver", "uint64", "Driver area", base.HEX)
field("queue_start.device", "uint64", "Device area", base.HEX)

-- Wireshark wants a list of them.
local list = {}
for _, one in pairs(fields) do list[#list + 1] = one end
proto.fields = list

local malformed = ProtoExpert.new("smartnicfw.malformed", "Malformed record", expert.group.MALFORMED, expert.severity.ERROR)
local unknown = ProtoExpert.new("smartnicfw.unknown", "Kind or version that this dissector does not know", expert.group.UNDECODED, expert.severity.NOTE)
local lost = ProtoExpert.new("smartnicfw.lost", "Records and frames were lost here", expert.group.SEQUENCE, expert.severity.WARN)
local failed = ProtoExpert.new("smartnicfw.failed", "Refused, broken or failed", expert.group.RESPONSE_CODE, expert.severity.WARN)
proto.experts = { malformed, unknown, lost, failed }

local function hex(value, digits) return string.format("%0" .. digits .. "Xh", value) end

local function plural(count, one, many)
  -- Thousands apart: people read these.
  local text = tostring(count):reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", "")
  return text .. " " .. (count == 1 and one or (many or one .. "s"))
end

-- The fields of one record, in order, as far as there are bytes. `at` ends the reading of those behind it.
local Reader = {}
Reader.__index = Reader

function Reader.new(tvb, tree, length)
  return setmetatable({ tvb = tvb, tree = tree, at = HEAD_BYTES, length = length, isShort = false }, Reader)
end

function Reader:take(bytes)
  if self.isShort or self.at + bytes > self.length then
    self.isShort = true
    return nil
  end
  local range = self.tvb:range(self.at, bytes)
  self.at = self.at + bytes
  return range
end

-- Adds a field and gives its value; 0 where there are too few bytes for it.
function Reader:number(name, bytes)
  local range = self:take(bytes)
  if not range then return 0 end
  self.tree:add_le(fields[name], range)
  return range:le_uint()
end

function Reader:long(name)
  local range = self:take(8)
  if not range then return UInt64(0) end
  self.tree:add_le(fields[name], range)
  return range:le_uint64()
end

-- One field of several in the same bytes; the last of them moves on.
function Reader:bits(bytes, ...)
  local range = self:take(bytes)
  if not range then return 0 end
  for _, name in ipairs({ ... }) do self.tree:add_le(fields[name], range) end
  return range:le_uint()
end

function Reader:skip(bytes) self:take(bytes) end

local function is(value, bit) return math.floor(value / bit) % 2 == 1 end

local function queueName(head)
  local role = ROLES[head.role]
  return "queue " .. (head.queue == NONE and "?" or head.queue) .. ((role and head.role ~= 255) and (" (" .. role .. ")") or "")
end

local function registerName(register)
  return (CONFIG_REGISTERS[register] and (CONFIG_REGISTERS[register] .. " ") or "") .. hex(register, 3)
end

local function barName(bar, offset)
  if bar == 0 and COMMON_REGISTERS[offset] then return COMMON_REGISTERS[offset] end
  if bar == 0 and offset == 0x1000 then return "ISR status" end
  if bar == 0 and offset >= 0x2000 and offset < 0x3000 then return "device config " .. hex(offset - 0x2000, 2) end
  if bar == 2 and offset < 0x1000 and MSIX_REGISTERS[offset % 16] then
    return "MSI-X vector " .. math.floor(offset / 16) .. " " .. MSIX_REGISTERS[offset % 16]
  end
  return "BAR " .. bar .. " " .. hex(offset, 4)
end

-- As many digits as bytes were read or written.
local function dataText(data, bytes)
  local digits = math.min(math.max(bytes, 1), 8) * 2
  return data:tohex():sub(-digits):upper() .. "h"
end

local function config(reader, head, isCompletion)
  reader:number("config.rid", 2)
  reader:number("config.requester", 2)
  reader:number("config.tag", 2)
  local register = reader:number("config.register", 2)
  local enables = reader:number("config.enables", 1)
  local flags = reader:bits(1, "config.write", "config.type1", "config.poisoned")
  local status = isCompletion and reader:number("config.status", 1) or (reader:skip(1) or 0)
  reader:skip(1)
  local data = reader:number("config.data", 4)
  local isWrite = is(flags, 1)
  if not isCompletion then
    return (isWrite and "CfgWr" or "CfgRd") .. (is(flags, 2) and "1 " or "0 ") .. registerName(register)
      .. (isWrite and (" = " .. hex(data, 8) .. (enables ~= 15 and (", bytes " .. hex(enables, 1)) or "")) or "")
      .. (is(flags, 4) and ", poisoned" or "")
  end
  if status ~= 0 then
    head.tree:add_proto_expert_info(failed)
    return "Cpl " .. (STATUSES[status] or tostring(status)) .. " " .. registerName(register)
  end
  return isWrite and ("Cpl SC " .. registerName(register)) or ("CplD " .. registerName(register) .. " = " .. hex(data, 8))
end

local function bar(reader, head, isCompletion)
  local number = reader:number("bar.bar", 1)
  local bytes = reader:number("bar.bytes", 1)
  local flags = reader:bits(1, "bar.write")
  reader:skip(1)
  local offset = reader:number("bar.offset", 4)
  local data = reader:long("bar.data")
  local name = barName(number, offset)
  if isCompletion then return "CplD " .. name .. " = " .. dataText(data, bytes) end
  return is(flags, 1) and ("MWr " .. name .. " = " .. dataText(data, bytes)) or ("MRd " .. name)
end

-- By kind: from, to (nil: the function), and what fills tree and info column.
local DISSECT = {
  [1] = { "board", "reader", function(reader)
    local pfs = reader:number("start.pfs", 2)
    local vfs = reader:number("start.total_vfs", 2)
    local only = reader:number("start.only", 2)
    reader:bits(2, "start.modelled")
    reader:number("start.buffer", 4)
    return "trace begins: " .. plural(pfs, "PF") .. " with up to " .. plural(vfs, "VF") .. (only == NONE and "" or (", only function " .. only))
  end },
  [2] = { "board", "reader", function(reader, head)
    local count = reader:long("lost.count")
    local total = reader:long("lost.total")
    reader:long("lost.since")
    head.tree:add_proto_expert_info(lost)
    return tostring(count) .. " records and frames lost here, " .. tostring(total) .. " since the beginning"
  end },
  [3] = { "link", "board", function(reader)
    local event = reader:number("link.event", 4)
    return LINK_EVENTS[event] or ("link event " .. event)
  end },
  [16] = { "host", nil, function(reader, head) return config(reader, head, false) end },
  [17] = { nil, "host", function(reader, head) return config(reader, head, true) end },
  [18] = { "host", nil, function(reader, head) return bar(reader, head, false) end },
  [19] = { nil, "host", function(reader, head) return bar(reader, head, true) end },
  [20] = { "host", nil, function(_, head) return "doorbell " .. queueName(head) end },
  [21] = { nil, "host", function(reader)
    local address = reader:long("msix.address")
    return "MSI-X " .. address:tohex():upper():gsub("^0+(%x%x%x%x%x%x%x%x)", "%1") .. "h = " .. hex(reader:number("msix.data", 4), 4)
  end },
  [22] = { nil, "host", function(reader, head)
    local frames = reader:number("dma.frames", 4)
    reader:number("dma.bytes", 4)
    local copies = reader:number("dma.copies", 4)
    reader:number("dma.copied", 4)
    local reads = reader:number("dma.reads", 4)
    local writes = reader:number("dma.writes", 4)
    local up = reader:number("dma.upstream", 4)
    local down = reader:number("dma.downstream", 4)
    reader:number("dma.credits", 4)
    reader:number("dma.mps", 2)
    reader:number("dma.mrrs", 2)
    return "DMA " .. queueName(head) .. ": " .. plural(frames, "frame") .. " read, " .. copies .. " written; " .. reads .. " MRd, "
      .. writes .. " MWr; " .. plural(up, "byte") .. " up, " .. plural(down, "byte") .. " down (inferred)"
  end },
  [23] = { "arbiter", nil, function(reader)
    return is(reader:bits(4, "master.allowed"), 1) and "may issue memory requests" or "may issue no memory requests"
  end },
  [32] = { "arbiter", nil, function(reader, head)
    local frames = reader:number("turn.frames", 4)
    local bytes = reader:number("turn.bytes", 4)
    reader:number("turn.read_credits", 4)
    reader:number("turn.write_credits", 4)
    reader:number("turn.under_way", 2)
    reader:number("turn.under_way_total", 2)
    local group = reader:number("turn.group", 2)
    local weight = reader:number("turn.weight", 2)
    reader:number("turn.priority", 1)
    local class = reader:number("turn.class", 1)
    reader:skip(2)
    return "turn for " .. queueName(head) .. ": up to " .. plural(frames, "frame") .. ", " .. plural(bytes, "byte") .. "; class " .. class
      .. ", weight " .. weight .. (group == 0 and "" or (" in group " .. group))
  end },
  [33] = { "engine", "arbiter", function(reader, head)
    local status = reader:number("turn.status", 4)
    head.tree:add_proto_expert_info(failed)
    return "turn for " .. queueName(head) .. " refused: " .. (HAL_STATUSES[status] or status)
  end },
  [34] = { nil, "arbiter", function(reader, head)
    local frames = reader:number("turn.frames", 4)
    local bytes = reader:number("turn.bytes", 4)
    reader:number("turn.copied", 4)
    local flags = reader:bits(4, "turn.more", "turn.blocked")
    return "turn over " .. queueName(head) .. ": " .. plural(frames, "frame") .. ", " .. plural(bytes, "byte")
      .. (is(flags, 1) and ", has more" or "") .. (is(flags, 2) and ", blocked" or "")
  end },
  [35] = { nil, "arbiter", function(reader, head)
    return "used " .. queueName(head) .. ": " .. plural(reader:number("used.frames", 4), "frame")
  end },
  [36] = { nil, "arbiter", function(_, head)
    head.tree:add_proto_expert_info(failed)
    return "the driver broke " .. queueName(head)
  end },
  [37] = { nil, "arbiter", function(reader, head)
    local fault = reader:number("fault", 4)
    head.tree:add_proto_expert_info(failed)
    return "DMA fault " .. queueName(head) .. ": " .. (FAULTS[fault] or fault)
  end },
  [38] = { "arbiter", nil, function(reader, head)
    local size = reader:number("queue_start.size", 4)
    local status = reader:number("queue_start.status", 4)
    reader:long("queue_start.features")
    reader:long("queue_start.desc")
    reader:long("queue_start.driver")
    reader:long("queue_start.device")
    if status ~= 0 then head.tree:add_proto_expert_info(failed) end
    return queueName(head) .. (status == 0 and " starts with " or " refused with ") .. plural(size, "entry", "entries")
  end },
  [39] = { "arbiter", nil, function(_, head) return queueName(head) .. " stops" end },
}

local function nameOf(func, pf, vf)
  if func == NONE then return "endpoint" end
  if vf == NONE then return "pf" .. pf end
  return (pf == 0 and "" or ("pf" .. pf)) .. "vf" .. vf
end

local function complain(tree, pinfo, text)
  tree:add_proto_expert_info(malformed, text)
  pinfo.cols.info:set("Malformed record: " .. text)
end

function proto.dissector(tvb, pinfo, root)
  local captured = tvb:reported_length_remaining()
  captured = math.min(captured, tvb:len())
  pinfo.cols.protocol:set("SmartNicFw")
  pinfo.cols.src:set("")
  pinfo.cols.dst:set("")
  local tree = root:add(proto, tvb:range(0, captured))
  if captured < HEAD_BYTES then
    complain(tree, pinfo, captured .. " of at least " .. HEAD_BYTES .. " bytes")
    return captured
  end
  if tvb:range(0, 4):string() ~= "SNFT" then
    complain(tree, pinfo, "it does not begin with SNFT")
    return captured
  end

  tree:add(fields["signature"], tvb:range(0, 4))
  tree:add(fields["version"], tvb:range(4, 1))
  local version = tvb:range(4, 1):uint()
  if version ~= VERSION then
    tree:add_proto_expert_info(unknown, "version " .. version)
    pinfo.cols.info:set("Record of version " .. version .. ", which this dissector does not know")
    return captured
  end

  local kind = tvb:range(5, 1):uint()
  local length = tvb:range(6, 2):le_uint()
  local func = tvb:range(8, 2):le_uint()
  local pf = tvb:range(10, 2):le_uint()
  local vf = tvb:range(12, 2):le_uint()
  local head = { tree = tree, queue = tvb:range(14, 2):le_uint(), role = tvb:range(16, 1):uint() }
  local name = nameOf(func, pf, vf)
  tree:add(fields["kind"], tvb:range(5, 1))
  tree:add_le(fields["length"], tvb:range(6, 2))
  tree:add_le(fields["function"], tvb:range(8, 2))
  tree:add_le(fields["pf"], tvb:range(10, 2))
  tree:add_le(fields["vf"], tvb:range(12, 2))
  tree:add(fields["name"], tvb:range(8, 6), name):set_generated()
  tree:add_le(fields["queue"], tvb:range(14, 2))
  tree:add(fields["role"], tvb:range(16, 1))
  tree:add(fields["flags"], tvb:range(17, 1))
  tree:add(fields["inferred"], tvb:range(17, 1))
  tree:add_le(fields["number"], tvb:range(20, 4))
  if length < HEAD_BYTES or length > captured then
    complain(tree, pinfo, "its length is " .. length .. ", and there are " .. captured .. " bytes")
    return captured
  end

  local how = DISSECT[kind]
  if not how then
    tree:add_proto_expert_info(unknown, "kind " .. kind)
    tree:append_text(", kind " .. kind .. ", " .. name)
    pinfo.cols.info:set("Record of kind " .. kind .. ", which this dissector does not know")
    return captured
  end

  local reader = Reader.new(tvb, tree, length)
  local info = how[3](reader, head)
  pinfo.cols.src:set(how[1] or name)
  pinfo.cols.dst:set(how[2] or name)
  tree:append_text(", " .. KINDS[kind] .. ", " .. name)
  if reader.isShort then
    complain(tree, pinfo, KINDS[kind] .. " in " .. length .. " bytes is cut short")
    return captured
  end

  if reader.at < length then tree:add(fields["rest"], tvb:range(reader.at, length - reader.at)) end
  tree:add(fields["info"], tvb:range(0, length), info):set_generated()
  pinfo.cols.info:set(info)
  return captured
end

DissectorTable.get("wtap_encap"):add((wtap_encaps or wtap).USER0, proto)
