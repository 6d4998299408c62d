// expect: NANO004 Bad.IPort.Ready: has a body in an interface
// against: net
namespace Bad
{
    public interface IPort
    {
        bool Ready() => true;
    }
}
