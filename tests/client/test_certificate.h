#ifndef SIDWATCH_TESTS_CLIENT_TEST_CERTIFICATE_H_
#define SIDWATCH_TESTS_CLIENT_TEST_CERTIFICATE_H_

#include <string>

namespace sidwatch {

// PEM texts.
struct TestCertificate {
  std::string certificate;
  std::string key;
};

// A new self-signed certificate for 127.0.0.1 and localhost, good for a day:
// its own CA.
TestCertificate MakeTestCertificate();

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_CLIENT_TEST_CERTIFICATE_H_
