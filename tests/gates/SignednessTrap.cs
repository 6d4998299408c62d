// The signedness trap. nanoCLR tags each value on its stack signed or unsigned and chooses shifts, division and widening by
// the tag; the C# compiler chooses them by the instruction and emits nothing for (int)someUint, so the tag stays unsigned.
// This is an abstract interpretation of a method's IL: every path, merged where paths meet, until nothing changes.
// Knows the flow of control; TagTransfer knows what each instruction does to the tags.
using System.Collections.Generic;
using System.Linq;
using System.Reflection.Emit;
using System.Reflection.Metadata;

namespace SmartNicFw.Tests.Gates;

/// <summary>NANO014.</summary>
internal static class SignednessTrap
{
    public static IEnumerable<GateViolation> Check(Universe universe) =>
        universe.Subject.Methods.SelectMany(method => CheckMethod(universe, method));

    private static List<GateViolation> CheckMethod(Universe universe, MethodCode method)
    {
        var transfer = new TagTransfer(universe, method);
        Dictionary<int, TaggedFrame> frames = Settle(transfer, method);
        var found = new List<GateViolation>();
        foreach (Instruction instruction in method.Instructions)
        {
            if (frames.TryGetValue(instruction.Offset, out TaggedFrame? frame))
            {
                transfer.Step(instruction, frame.Copy(), problem => found.Add(new GateViolation(
                    GateRules.SignednessTrap, method.Name, $"{problem} (IL_{instruction.Offset:x4})")));
            }
        }

        return found;
    }

    // The frame before every instruction that can be reached, when no path adds anything any more.
    private static Dictionary<int, TaggedFrame> Settle(TagTransfer transfer, MethodCode method)
    {
        Dictionary<int, Instruction> at = method.Instructions.ToDictionary(instruction => instruction.Offset);
        var frames = new Dictionary<int, TaggedFrame>();
        var waiting = new Queue<int>();
        Arrive(0, transfer.Entry());
        foreach (ExceptionRegion region in method.Body.ExceptionRegions)
        {
            if (region.Kind == ExceptionRegionKind.Filter)
                Arrive(region.FilterOffset, transfer.HandlerEntry(withException: true));
            Arrive(region.HandlerOffset, transfer.HandlerEntry(region.Kind is ExceptionRegionKind.Catch or ExceptionRegionKind.Filter));
        }

        while (waiting.TryDequeue(out int offset))
        {
            Instruction instruction = at[offset];
            TaggedFrame after = frames[offset].Copy();
            transfer.Step(instruction, after, report: null);
            if (instruction.IsBranch)
                Arrive((int)instruction.Operand, after);
            foreach (int target in instruction.Targets ?? [])
                Arrive(target, after);
            if (instruction.OpCode.FlowControl is not (FlowControl.Branch or FlowControl.Return or FlowControl.Throw))
                Arrive(instruction.Next, after);
        }

        return frames;

        void Arrive(int offset, TaggedFrame frame)
        {
            if (!frames.TryGetValue(offset, out TaggedFrame? known))
                frames[offset] = frame.Copy();
            else if (!known.Merge(frame))
                return;
            waiting.Enqueue(offset);
        }
    }
}
