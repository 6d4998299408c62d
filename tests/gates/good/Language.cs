// The language that firmware is written in: structs, refs, delegates, closures, events, switches, initialisers, exceptions.
using System;

namespace Good
{
    public delegate void Raise(int vector);

    public enum Kind : byte
    {
        Physical = 1,
        Virtual = 2,
    }

    public struct Turn
    {
        public ushort Function;
        public int Budget;

        public Turn(ushort function, int budget)
        {
            Function = function;
            Budget = budget;
        }

        public int Half() => Budget >> 1;
    }

    public interface IPort
    {
        bool TryTake(out Turn turn);
    }

    public sealed class Rooms : IPort, IDisposable
    {
        private const int Size = 16;
        private static readonly byte[] Template = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
        private static readonly uint[] Masks = { 0xFFFF0000, 0x0000FFFF, 0x80000000 };
        private static readonly int Entries = Template.Length / 2;
        private static readonly string Nothing = string.Empty;

        private readonly byte[][] _images = new byte[4][];
        private readonly Turn[] _turns = new Turn[4];
        private Kind _kind;

        public event Raise Raised;

        public int Count { get; private set; }

        public Kind Kind { get; init; }

        public byte this[int index] => _images[0][index];

        public bool TryTake(out Turn turn)
        {
            turn = _turns[0];
            ref Turn next = ref _turns[1];
            next.Budget -= 4;
            Reduce(ref turn.Budget, in next);
            return turn.Budget > 0;
        }

        public int Parse(string command)
        {
            switch (command)
            {
                case "reset":
                    return 1;
                case "start":
                    return 2;
                case "stop":
                    return 3;
                case "link":
                    return 4;
                case "mac":
                    return 5;
                case "vlan":
                    return 6;
                case "rate":
                    return 7;
                default:
                    return 0;
            }
        }

        public static Rooms Build(uint kind, int count) => new Rooms { Kind = (Kind)kind, Count = count >> 1 };

        public uint Mask(int index) => Masks[index] & (uint)Entries;

        public string Describe(int value) => $"{value} of {Count.ToString("X4")}" + Nothing + value;

        public void Listen(int offset)
        {
            Raised += vector => Count += vector + offset;
            Raised?.Invoke(3);
        }

        public int Guard(object gate, int index)
        {
            lock (gate)
            {
                try
                {
                    foreach (byte[] image in _images)
                        Array.Copy(Template, image, Size);
                    return _images[0][index];
                }
                catch (IndexOutOfRangeException) when (index < 0)
                {
                    return -1;
                }
                catch (ArgumentException e)
                {
                    throw new InvalidOperationException(e.Message);
                }
                finally
                {
                    Count++;
                }
            }
        }

        public int Price() => _kind switch
        {
            Kind.Physical => 10,
            Kind.Virtual => 5,
            _ => 0,
        };

        public int Pick(object item) => item is Rooms { Count: > 3 } rooms ? rooms.Count : item is int number ? number >> 1 : 0;

        public void Dispose()
        {
            using (this)
            {
                _kind = Kind.Virtual;
            }
        }

        private static void Reduce(ref int budget, in Turn by) => budget = (budget - by.Budget) / 2;
    }
}
