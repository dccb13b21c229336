module turms.test/integration

go 1.24

require github.com/livekit/server-sdk-go/v2 v2.19.0
