// A host's sysfs as a folder, with PFs whose BARs are plain files; a thread plays the device behind each. Knows no firmware.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using System.Threading;
using Microsoft.Win32.SafeHandles;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Fakes;

/// <summary>The tree that Linux has under /sys/bus/pci/devices, as far as a program looks at it.</summary>
internal sealed class FakeSysfs : IDisposable
{
    private const int BarBytes = 0x4000;
    private const int PbaOffset = 0x1000;
    private const int MsixAt = 0x40;
    private readonly List<FakeBar> _bars = [];

    /// <summary>Makes an empty tree.</summary>
    public FakeSysfs() => Directory.CreateDirectory(Devices);

    /// <summary>Where it is: for SMARTNIC_SYSFS.</summary>
    public string Root { get; } = Directory.CreateTempSubdirectory("smartnic-sysfs-").FullName;

    private string Devices => Path.Combine(Root, "bus", "pci", "devices");

    /// <summary>Folder of a function.</summary>
    public string Folder(string address) => Path.Combine(Devices, address);

    /// <summary>Adds a function as a PF with SR-IOV and an MSI-X capability; without a device its BAR is all zeros.</summary>
    /// <param name="answer">What the device behind its window answers, or null for none. It gives null for silence.</param>
    public FakeBar? AddPhysicalFunction(string address, int totalVFs = 8, int vendor = VirtioPciId.Vendor, Func<byte[], byte[]?>? answer = null)
    {
        Directory.CreateDirectory(Folder(address));
        Write(address, "vendor", $"0x{vendor:x4}\n");
        Write(address, "sriov_totalvfs", totalVFs.ToString(CultureInfo.InvariantCulture) + "\n");
        Write(address, "sriov_numvfs", "0\n");
        File.WriteAllBytes(Path.Combine(Folder(address), "config"), Config());
        string bar = Path.Combine(Folder(address), "resource2");
        File.WriteAllBytes(bar, new byte[BarBytes]);
        if (answer is null)
        {
            return null;
        }

        var device = new FakeBar(bar, PbaOffset + 0x1000, answer);
        _bars.Add(device);
        return device;
    }

    /// <summary>Writes a file of a function.</summary>
    public void Write(string address, string file, string text) => File.WriteAllText(Path.Combine(Folder(address), file), text);

    /// <summary>Reads a file of a function.</summary>
    public string Read(string address, string file) => File.ReadAllText(Path.Combine(Folder(address), file)).Trim();

    /// <inheritdoc/>
    public void Dispose()
    {
        _bars.ForEach(bar => bar.Dispose());
        Directory.Delete(Root, recursive: true);
    }

    private static byte[] Config()
    {
        var config = new byte[PciExtendedCapability.RegionEnd];
        config[PciConfigHeader.CapabilitiesPointerOffset] = MsixAt;
        config[MsixAt] = PciCapability.IdMsix;
        LittleEndian.WriteU32(config, MsixAt + MsixCapability.TableOffset, BarMap.MsixBar);
        LittleEndian.WriteU32(config, MsixAt + MsixCapability.PbaOffset, PbaOffset | BarMap.MsixBar);
        return config;
    }
}

/// <summary>The device behind a window that is a file: sees the doorbell, answers in the buffer.</summary>
internal sealed partial class FakeBar : IDisposable
{
    // LOCK_UN: man 2 flock.
    private const int Unlock = 8;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _page;
    private readonly Func<byte[], byte[]?> _answer;
    private readonly Thread _thread;
    private volatile bool _isOver;

    /// <summary>Plays a device.</summary>
    /// <param name="path">The BAR.</param>
    /// <param name="offset">Where the window is in it.</param>
    /// <param name="answer">The bytes for a request; null leaves the window busy.</param>
    public FakeBar(string path, int offset, Func<byte[], byte[]?> answer)
    {
        _answer = answer;
        // The class library locks files that it opens: a device does not hold the lock by which programs keep each other out.
        var stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        _ = Lock(stream.SafeFileHandle, Unlock);
        _file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false);
        _page = _file.CreateViewAccessor(offset, BarMap.ManagementBytes);
        _page.Write(ManagementWindow.SignatureOffset, ManagementFrame.Signature);
        _thread = new Thread(Serve) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>Requests that were handed over.</summary>
    public int Requests { get; private set; }

    /// <summary>Writes a register, as a device that is removed or of another kind shows it.</summary>
    public void Write(int register, uint value) => _page.Write(register, value);

    /// <inheritdoc/>
    public void Dispose()
    {
        _isOver = true;
        _thread.Join();
        _page.Dispose();
        _file.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "flock")]
    private static partial int Lock(SafeFileHandle file, int operation);

    private void Serve()
    {
        while (!_isOver)
        {
            uint bytes = _page.ReadUInt32(ManagementWindow.DoorbellOffset);
            if (bytes == 0)
            {
                Thread.Sleep(0);
                continue;
            }

            // A doorbell reads as zero: a file has no such register, so that the state must change first.
            _page.Write(ManagementWindow.StateOffset, ManagementWindow.StateBusy);
            _page.Write(ManagementWindow.DoorbellOffset, 0u);
            Requests++;
            var request = new byte[Math.Min(bytes, ManagementWindow.BufferBytes)];
            _page.ReadArray(ManagementWindow.BufferOffset, request, 0, request.Length);
            if (_answer(request) is { } answer)
            {
                _page.WriteArray(ManagementWindow.BufferOffset, answer, 0, answer.Length);
                _page.Write(ManagementWindow.ResponseBytesOffset, (uint)answer.Length);
                Thread.MemoryBarrier();
                _page.Write(ManagementWindow.StateOffset, ManagementWindow.StateDone);
            }
        }
    }
}
