// A transaction that is open: changes are counted, then all of them are made or none. Knows no attribute.
using System;
using SmartNicFw.HostTools.Failure;

namespace SmartNicFw.HostTools.Client;

/// <summary>Disposed without a commit it is aborted. Other programs of this host wait until it is over.</summary>
internal sealed class ManagementTransaction : IDisposable
{
    private readonly ManagementClient _client;
    private readonly IDisposable _reserved;
    private readonly uint _number;
    private uint _changes;
    private bool _isOver;

    /// <summary>Opens it.</summary>
    public ManagementTransaction(ManagementClient client)
    {
        _client = client;
        _reserved = client.Reserve();
        try
        {
            _number = client.BeginTransaction();
        }
        catch
        {
            _reserved.Dispose();
            throw;
        }
    }

    /// <summary>Sets an attribute of a function.</summary>
    public void SetAttribute(int function, int attribute, ulong value)
    {
        _client.SetAttribute(function, attribute, value);
        _changes++;
    }

    /// <summary>Adds a rate group.</summary>
    public void AddRateGroup(RateGroupChange group)
    {
        _client.AddRateGroup(group);
        _changes++;
    }

    /// <summary>Sets fields of a rate group.</summary>
    public void SetRateGroup(RateGroupChange group)
    {
        _client.SetRateGroup(group);
        _changes++;
    }

    /// <summary>Deletes a rate group.</summary>
    public void DeleteRateGroup(int number)
    {
        _client.DeleteRateGroup(number);
        _changes++;
    }

    /// <summary>Has all changes judged together and then made, or only judged.</summary>
    /// <exception cref="RefusedException">One cannot be, and none was made; its number is in the exception.</exception>
    public void Commit(bool isCheckOnly = false)
    {
        _isOver = true;
        _client.CommitTransaction(_number, _changes, isCheckOnly);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            if (!_isOver)
            {
                _isOver = true;
                _client.AbortTransaction(_number);
            }
        }
        catch (ToolException)
        {
            // What went wrong before is what a person should read; a transaction that nobody goes on with expires by itself.
        }
        finally
        {
            _reserved.Dispose();
        }
    }
}
