// Doorbells of the emulated board against a model that looks through all of them.
using System;
using System.Collections.Generic;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Tests.Unit;

public sealed class MemoryLinkTests
{
    private const int Functions = 3;
    private const int Bells = BarMap.NotifyBytes / BarMap.NotifyOffMultiplier;
    private const int Steps = 200_000;

    [Test]
    public void Functions_take_turns_and_so_do_the_doorbells_of_each_wherever_they_are()
    {
        var link = new MemoryLink(new EndpointConfiguration { TotalVFs = Functions - 1 });
        var random = new Random(1);
        var isRinging = new bool[Functions, Bells];
        var waiting = new int[Functions];
        var next = new int[Functions];
        var order = new Queue<int>();
        var doorbell = new Doorbell();
        for (int step = 0; step < Steps; step++)
        {
            // Few at a time, then many.
            int function = random.Next(Functions);
            int bell = random.Next(Bells);
            if (random.Next(step / 5000 % 2 == 0 ? 2 : 3) != 0)
            {
                link.Ring(function, bell);
                if (!isRinging[function, bell])
                {
                    isRinging[function, bell] = true;
                    if (waiting[function]++ == 0)
                    {
                        order.Enqueue(function);
                    }
                }

                continue;
            }

            bool isThere = order.TryDequeue(out function);
            Assert.That(link.TryTake(doorbell), Is.EqualTo(isThere));
            if (!isThere)
            {
                continue;
            }

            for (bell = next[function]; !isRinging[function, bell]; bell = (bell + 1) % Bells)
            {
            }

            Assert.That((doorbell.Vf + 1, doorbell.Queue), Is.EqualTo((function, bell)));
            isRinging[function, bell] = false;
            next[function] = (bell + 1) % Bells;
            if (--waiting[function] > 0)
            {
                order.Enqueue(function);
            }
        }
    }
}
