// A frame is delivered as it was judged, whatever its sender does to it in between.
using System;
using NUnit.Framework;
using SmartNicFw.Emulator.Engine;
using SmartNicFw.Emulator.Net;

namespace SmartNicFw.Tests.Unit;

public sealed unsafe class FrameViewTests
{
    [Test]
    public void Hostile_14_bytes_that_were_judged_are_delivered_and_not_what_the_sender_made_of_them()
    {
        byte[] memory = GC.AllocateArray<byte>(200, pinned: true);
        new Random(1).NextBytes(memory);
        byte[] sent = [.. memory];
        var delivered = new byte[204];
        fixed (byte* frame = memory)
        {
            var view = new FrameView();
            view.Set(frame, memory.Length);
            Assert.That(view.Judge(new byte[64], 64).ToArray(), Is.EqualTo(sent[..64]));
            memory.AsSpan().Fill(0xEE);
            Assert.That(view.CopyTo(delivered, VlanEdit.None, 0), Is.EqualTo(200));
            Assert.That(delivered[..64], Is.EqualTo(sent[..64]));
            Assert.That(delivered[64..200], Has.All.EqualTo(0xEE), "payload is the sender's to change");

            Assert.That(view.CopyTo(delivered, VlanEdit.Insert, 30), Is.EqualTo(204));
            Assert.That(delivered[..12], Is.EqualTo(sent[..12]));
            Assert.That(delivered[16..68], Is.EqualTo(sent[12..64]));

            view.Set(frame, memory.Length);
            view.CopyTo(delivered, VlanEdit.None, 0);
            Assert.That(delivered[0], Is.EqualTo(0xEE), "the next frame is judged anew");
        }
    }
}
