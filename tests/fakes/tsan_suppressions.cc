// Linked into tests that hand an absl::Status with a payload from one thread
// to another. The counts of such a status are atomics inside the packaged
// Abseil, which is not instrumented: ThreadSanitizer sees the last owner's
// delete and not the order before it. Our own code stays strict.

extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "called_from_lib:libabsl_status.so\n"
         "called_from_lib:libabsl_cord.so\n";
}
