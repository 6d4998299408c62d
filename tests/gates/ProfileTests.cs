// The profile in hal/nano promises nothing that nanoFramework lacks: every member is in the API listing, where that is to be had.
using System;
using System.Collections.Generic;
using System.IO;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using NUnit.Framework;

namespace SmartNicFw.Tests.Gates;

public sealed class ProfileTests
{
    [TestCase("mscorlib")]
    [TestCase("nanoFramework.Runtime.Native")]
    public void Every_public_member_of_the_profile_is_in_the_api_listing(string assembly)
    {
        string? folder = ListingFolder();
        if (folder is null)
            Assert.Ignore("There is no API listing here: no shared/nano-api beside a folder above the repository, and NANO_API is not set.");
        using AssemblyImage profile = AssemblyImage.Open(Path.Combine(Repository.NanoLeg, assembly + ".dll"));
        Assert.That(
            ProfileListing.Missing(
                profile,
                File.ReadLines(Path.Combine(folder!, assembly + ".api.txt")),
                File.ReadLines(Path.Combine(folder!, assembly + ".types.txt"))),
            Is.Empty);
    }

    [Test]
    public void A_member_that_the_listing_lacks_is_reported()
    {
        const string Source = """
            namespace P
            {
                public sealed class C
                {
                    public const int Size = 4;
                    public int Known(byte[] buffer, ref int offset) => 0;
                    public int Invented(int x) => 0;
                    public int Count { get; set; }
                    internal void Hidden() { }
                }
            }
            """;
        string[] api =
        [
            "T:P.C", "F:P.C.Size->System.Int32 = 8", "M:P.C.#ctor->System.Void",
            "M:P.C.Known(System.Byte[],System.Int32@)->System.Int32", "P:P.C.Count->System.Int32 {get;}",
        ];
        using AssemblyImage profile = AssemblyImage.From(Compile(Source));

        IReadOnlyList<string> missing = ProfileListing.Missing(profile, api, ["P.C | class | System.Object | "]);

        Assert.That(missing, Is.EqualTo(new[]
        {
            "F:P.C.Size->System.Int32 = 4",
            "M:P.C.Invented(System.Int32)->System.Int32",
            "P:P.C.Count->System.Int32 {get;set;}",
            "P.C is a sealed class, listed as class",
        }));
    }

    private static string? ListingFolder()
    {
        if (Environment.GetEnvironmentVariable("NANO_API") is { Length: > 0 } set)
            return set;
        for (DirectoryInfo? folder = Directory.GetParent(Repository.Root); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, "shared", "nano-api");
            if (Directory.Exists(candidate))
                return candidate;
        }

        return null;
    }

    private static byte[] Compile(string source)
    {
        CSharpCompilation compilation = CSharpCompilation.Create(
            "P",
            [CSharpSyntaxTree.ParseText(source)],
            [MetadataReference.CreateFromFile(Path.Combine(Repository.NanoLeg, "mscorlib.dll"))],
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        using var assembly = new MemoryStream();
        Assert.That(compilation.Emit(assembly).Success, Is.True);
        return assembly.ToArray();
    }
}
