// Address and VLAN to functions: an open-addressing hash table of fixed capacity. Knows nothing of what a function may receive.
using System;
using System.Numerics;
using System.Security.Cryptography;

namespace SmartNicFw.Emulator.Net;

/// <summary>
/// Owners of addresses. A key is an address in bits 47:0 and a VLAN in bits 59:48; it may have several owners, which
/// are chained. The place of a key depends on a secret of this table, so that no guest can choose addresses that collide.
/// </summary>
internal sealed class MacTable
{
    /// <summary>End of a chain.</summary>
    public const int None = -1;

    private const ulong Free = ulong.MaxValue;

    private readonly ulong[] _keys;
    private readonly int[] _heads;
    private readonly int[] _next;
    private readonly int[] _owner;
    private readonly int _shift;
    private readonly ulong _secret;
    private int _freeEntry;

    /// <summary>Makes an empty table.</summary>
    /// <param name="capacity">Pairs of key and owner at the most; never exceeded by its one user.</param>
    public MacTable(int capacity)
    {
        // Twice the pairs, so that a run of taken slots stays short.
        int slots = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, capacity * 2));
        _keys = new ulong[slots];
        _heads = new int[slots];
        _next = new int[capacity];
        _owner = new int[capacity];
        _shift = 64 - BitOperations.Log2((uint)slots);
        _secret = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)) | 1;
        Array.Fill(_keys, Free);
        for (int entry = 0; entry < capacity; entry++)
        {
            _next[entry] = entry + 1 < capacity ? entry + 1 : None;
        }
    }

    /// <summary>Key of an address in a VLAN; 0 for functions without a port VLAN.</summary>
    public static ulong Key(ulong mac, int vlan) => mac | ((ulong)vlan << 48);

    /// <summary>First entry of a key's owners.</summary>
    /// <returns><see cref="None"/> when nobody owns it.</returns>
    public int Find(ulong key)
    {
        int mask = _keys.Length - 1;
        for (int slot = Home(key); ; slot = (slot + 1) & mask)
        {
            ulong there = _keys[slot];
            if (there == key)
            {
                return _heads[slot];
            }

            if (there == Free)
            {
                return None;
            }
        }
    }

    /// <summary>The function of an entry.</summary>
    public int Owner(int entry) => _owner[entry];

    /// <summary>The entry after an entry.</summary>
    public int Next(int entry) => _next[entry];

    /// <summary>Adds an owner of a key; one that is there already is left as it is.</summary>
    public void Add(ulong key, int function)
    {
        int mask = _keys.Length - 1;
        int slot = Home(key);
        while (_keys[slot] != key && _keys[slot] != Free)
        {
            slot = (slot + 1) & mask;
        }

        int head = _keys[slot] == key ? _heads[slot] : None;
        for (int there = head; there != None; there = _next[there])
        {
            if (_owner[there] == function)
            {
                return;
            }
        }

        int entry = _freeEntry;
        _freeEntry = _next[entry];
        _owner[entry] = function;
        _next[entry] = head;
        _keys[slot] = key;
        _heads[slot] = entry;
    }

    /// <summary>Removes an owner of a key, if it is one.</summary>
    public void Remove(ulong key, int function)
    {
        int mask = _keys.Length - 1;
        int slot = Home(key);
        while (_keys[slot] != key)
        {
            if (_keys[slot] == Free)
            {
                return;
            }

            slot = (slot + 1) & mask;
        }

        int before = None;
        int entry = _heads[slot];
        while (entry != None && _owner[entry] != function)
        {
            before = entry;
            entry = _next[entry];
        }

        if (entry == None)
        {
            return;
        }

        if (before == None)
        {
            _heads[slot] = _next[entry];
        }
        else
        {
            _next[before] = _next[entry];
        }

        _next[entry] = _freeEntry;
        _freeEntry = entry;
        if (_heads[slot] == None)
        {
            Close(slot);
        }
    }

    // Frees a slot and moves later keys of the run up, so that none is cut off from its home.
    private void Close(int hole)
    {
        int mask = _keys.Length - 1;
        for (int slot = (hole + 1) & mask; _keys[slot] != Free; slot = (slot + 1) & mask)
        {
            int distance = (slot - Home(_keys[slot])) & mask;
            if (distance >= ((slot - hole) & mask))
            {
                _keys[hole] = _keys[slot];
                _heads[hole] = _heads[slot];
                hole = slot;
            }
        }

        _keys[hole] = Free;
    }

    private int Home(ulong key)
    {
        ulong mixed = (key ^ (_secret >> 7)) * _secret;
        mixed ^= mixed >> 32;
        return (int)((mixed * 0x9E37_79B9_7F4A_7C15) >> _shift);
    }
}
