// Whose guarantee is due: those in a group come before the group itself, and siblings take turns. Knows no bucket and no clock.
namespace SmartNicFw.Firmware.Arbitration
{
    /// <summary>
    /// A group is guaranteed what those in it are guaranteed, and the rest for all in it: so the guarantee of a group is nobody's turn while one
    /// inside it is due. Each group has a list of those right below that are due, or inside which somebody is. Every operation
    /// walks one path at the most: <see cref="SchedulingTree.MaxDepth"/> steps.
    /// </summary>
    public sealed class DueOwners
    {
        /// <summary>No owner.</summary>
        public const int None = -1;

        private readonly int _port;

        // By owner: the group it is in, its neighbours in that group's list (None: it is not in it), the first of its own list.
        private readonly int[] _group;
        private readonly int[] _next;
        private readonly int[] _previous;
        private readonly int[] _first;
        private readonly bool[] _isDue;

        /// <summary>Starts with everybody right under the port, and nobody due.</summary>
        /// <param name="functions">Owners from 0 on; the port is the next, other groups follow.</param>
        /// <param name="groups">Groups, the port included.</param>
        public DueOwners(int functions, int groups)
        {
            _port = functions;
            _group = new int[functions + groups];
            _next = new int[functions + groups];
            _previous = new int[functions + groups];
            _first = new int[functions + groups];
            _isDue = new bool[functions + groups];
            for (int owner = 0; owner < _group.Length; owner++)
            {
                _group[owner] = owner == _port ? None : _port;
                _next[owner] = None;
                _first[owner] = None;
            }
        }

        /// <summary>The owner that is served next, or <see cref="None"/>.</summary>
        public int First
        {
            get
            {
                int owner = _first[_port];
                while (owner != None && _first[owner] != None)
                {
                    owner = _first[owner];
                }

                return owner;
            }
        }

        /// <summary>True when the owner is due.</summary>
        public bool Contains(int owner)
        {
            return _isDue[owner];
        }

        /// <summary>An owner is due: after all of its group that are already.</summary>
        public void Add(int owner)
        {
            _isDue[owner] = true;
            Link(owner);
        }

        /// <summary>An owner is not due, or no longer.</summary>
        public void Remove(int owner)
        {
            _isDue[owner] = false;
            Unlink(owner);
        }

        /// <summary>An owner has had a turn: the others come before it, and before the groups that it is in.</summary>
        public void Served(int owner)
        {
            for (int node = owner; node != _port && _next[node] != None; node = _group[node])
            {
                if (_first[_group[node]] == node)
                {
                    _first[_group[node]] = _next[node];
                }
            }
        }

        /// <summary>Puts an owner into a group, with all that are in it.</summary>
        public void Place(int owner, int group)
        {
            bool isLinked = _next[owner] != None;
            if (isLinked)
            {
                Cut(owner);
                Unlink(_group[owner]);
            }

            _group[owner] = group;
            if (isLinked)
            {
                Link(owner);
            }
        }

        private void Link(int owner)
        {
            for (int node = owner; node != _port && _next[node] == None; node = _group[node])
            {
                int group = _group[node];
                int first = _first[group];
                if (first == None)
                {
                    _first[group] = node;
                    _next[node] = node;
                    _previous[node] = node;
                    continue;
                }

                int last = _previous[first];
                _next[last] = node;
                _previous[node] = last;
                _next[node] = first;
                _previous[first] = node;
            }
        }

        private void Unlink(int owner)
        {
            for (int node = owner; node != _port && _next[node] != None && _first[node] == None && !_isDue[node]; node = _group[node])
            {
                Cut(node);
            }
        }

        private void Cut(int node)
        {
            int group = _group[node];
            int next = _next[node];
            int previous = _previous[node];
            _next[previous] = next;
            _previous[next] = previous;
            if (_first[group] == node)
            {
                _first[group] = next == node ? None : next;
            }

            _next[node] = None;
        }
    }
}
